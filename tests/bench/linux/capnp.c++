// SPDX-License-Identifier: MIT
//
// capnp: calls through the C++ Cap'n Proto library over a Unix socket between two processes, with
// the structs of bench.capnp: an empty call, and one with 64 bytes each way. Prints as init.c does.
#include "sample.h"
#include "tests/bench/bench.capnp.h"

#include <capnp/rpc-twoparty.h>
#include <kj/async-io.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

constexpr unsigned CALLS = 50;

class Server final : public Peer::Server {
    kj::Promise<void> ping(PingContext) override { return kj::READY_NOW; }

    kj::Promise<void> sample(SampleContext context) override {
        auto from = context.getParams().getSample();
        auto to = context.getResults().initSample();

        to.setA(from.getA() + 1);
        to.setB(from.getB() + 1);
        to.setC(from.getC() + 1);
        to.setD(from.getD() + 1);
        to.setE(from.getE() + 1);
        to.setF(from.getF() + 1);
        to.setG(from.getG() + 1);
        to.setH(from.getH() + 1);
        return kj::READY_NOW;
    }
};

[[noreturn]] void serve(int socket) {
    auto io = kj::setupAsyncIo();
    auto stream = io.lowLevelProvider->wrapSocketFd(socket);
    capnp::TwoPartyVatNetwork network(*stream, capnp::rpc::twoparty::Side::SERVER);
    auto rpc = capnp::makeRpcServer(network, kj::heap<Server>());

    network.onDisconnect().wait(io.waitScope);
    _exit(0);
}

void call_ping(Peer::Client &peer, kj::WaitScope &scope) {
    peer.pingRequest().send().wait(scope);
}

void call_sample(Peer::Client &peer, kj::WaitScope &scope) {
    auto request = peer.sampleRequest();
    auto sample = request.initSample();

    sample.setA(1);
    sample.setB(2);
    sample.setC(3);
    sample.setD(4);
    sample.setE(5);
    sample.setF(6);
    sample.setG(7);
    sample.setH(8);
    auto response = request.send().wait(scope);
    auto answer = response.getSample();

    if (answer.getA() != 2 || answer.getB() != 3 || answer.getC() != 4 || answer.getD() != 5 ||
        answer.getE() != 6 || answer.getF() != 7 || answer.getG() != 8 || answer.getH() != 9)
        _exit(1);
}

void measure(const char *name, void (*call)(Peer::Client &, kj::WaitScope &), Peer::Client &peer,
             kj::WaitScope &scope) {
    struct samples samples;

    for (int i = -WARM_UP; i < SAMPLES; i++) {
        sample_begin(&samples, i);
        for (unsigned n = 0; n < CALLS; n++)
            call(peer, scope);
        sample_end(&samples, i);
    }
    samples_report(&samples, name, CALLS);
}

} // namespace

int main() {
    int pair[2];

    if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0)
        return 1;
    pid_t server = fork();

    if (server == 0) {
        close(pair[0]);
        serve(pair[1]);
    }
    close(pair[1]);
    auto io = kj::setupAsyncIo();
    auto stream = io.lowLevelProvider->wrapSocketFd(pair[0]);
    capnp::TwoPartyVatNetwork network(*stream, capnp::rpc::twoparty::Side::CLIENT);
    auto rpc = capnp::makeRpcClient(network);
    capnp::MallocMessageBuilder message;
    auto vat = message.getRoot<capnp::rpc::twoparty::VatId>();

    vat.setSide(capnp::rpc::twoparty::Side::SERVER);
    auto peer = rpc.bootstrap(vat).castAs<Peer>();

    measure("capnp_rpc_empty", call_ping, peer, io.waitScope);
    measure("capnp_rpc_64", call_sample, peer, io.waitScope);
    kill(server, SIGKILL);
    waitpid(server, nullptr, 0);
    _exit(0);
}
