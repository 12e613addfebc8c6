// SPDX-License-Identifier: MIT
//
// Making the host's frames.
#ifndef CAPOS_TESTS_HOST_FRAMES_H
#define CAPOS_TESTS_HOST_FRAMES_H

struct frames;

struct frames *host_frames_create(void);
void host_frames_destroy(struct frames *frames);

#endif
