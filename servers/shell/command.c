// SPDX-License-Identifier: MIT
//
// See command.h: a scanner that makes tokens one at a time, and one function per rule of the
// grammar. The first error wins.
#include "command.h"

#include "base/text.h"

enum token_kind {
    TOKEN_END,
    TOKEN_WORD,
    TOKEN_QUOTED,       // a word in quotes, which is never a keyword
    TOKEN_UNTERMINATED, // a quote that is not closed
    TOKEN_SYMBOL,       // one of { } : , @ &
};

struct token {
    enum token_kind kind;
    struct word word;
    size_t column;
};

struct scanner {
    const char *line;
    size_t size;
    size_t at;
    struct token token; // the one that is looked at
    struct command_error *error;
};

bool word_is(struct word word, const char *text) {
    return text_is(word.text, word.size, text);
}

static bool is_blank(char c) {
    return c == ' ' || c == '\t';
}

static bool is_symbol(char c) {
    return c == '{' || c == '}' || c == ':' || c == ',' || c == '@' || c == '&';
}

static bool is_word(char c) {
    return !is_blank(c) && !is_symbol(c) && c != '"' && c != '#';
}

static void take_quoted(struct scanner *s) {
    size_t rest = s->size - s->at - 1;
    size_t length = text_find(s->line + s->at + 1, rest, '"');

    s->token.kind = length == rest ? TOKEN_UNTERMINATED : TOKEN_QUOTED;
    s->token.word = (struct word){s->line + s->at + 1, length};
    s->at = length == rest ? s->size : s->at + length + 2;
}

static void advance(struct scanner *s) {
    while (s->at < s->size && is_blank(s->line[s->at]))
        s->at++;
    s->token = (struct token){TOKEN_END, {s->line + s->at, 0}, s->at};
    if (s->at == s->size || s->line[s->at] == '#')
        return;
    if (s->line[s->at] == '"') {
        take_quoted(s);
        return;
    }
    s->token.kind = is_symbol(s->line[s->at]) ? TOKEN_SYMBOL : TOKEN_WORD;
    do
        s->token.word.size++;
    while (++s->at < s->size && s->token.kind == TOKEN_WORD && is_word(s->line[s->at]));
}

static bool fail(struct scanner *s, const char *expected) {
    s->error->column = s->token.column;
    s->error->at = s->token.word;
    s->error->found = NULL;
    s->error->expected = expected;
    if (s->token.kind == TOKEN_END)
        s->error->found = "the end of the line";
    if (s->token.kind == TOKEN_UNTERMINATED) {
        s->error->found = "text without a closing quote";
        s->error->expected = "a quote at its end";
    }
    return false;
}

static bool at_word(const struct scanner *s) {
    return s->token.kind == TOKEN_WORD || s->token.kind == TOKEN_QUOTED;
}

static bool at_symbol(const struct scanner *s, const char *symbol) {
    return s->token.kind == TOKEN_SYMBOL && word_is(s->token.word, symbol);
}

static bool at_keyword(const struct scanner *s, const char *keyword) {
    return s->token.kind == TOKEN_WORD && word_is(s->token.word, keyword);
}

static bool take_symbol(struct scanner *s, const char *symbol, const char *expected) {
    if (!at_symbol(s, symbol))
        return fail(s, expected);
    advance(s);
    return true;
}

static bool take_word(struct scanner *s, struct word *word, const char *expected) {
    if (!at_word(s))
        return fail(s, expected);
    *word = s->token.word;
    advance(s);
    return true;
}

static bool is_granted(const struct command *command, struct word name) {
    for (size_t i = 0; i < command->grant_count; i++)
        if (text_equal(command->grants[i].name.text, command->grants[i].name.size, name.text,
                       name.size))
            return true;
    return false;
}

static bool parse_grant(struct scanner *s, struct command *command) {
    struct command_grant grant;

    if (!at_word(s))
        return fail(s, command->grant_count == 0 ? "a grant's name, or }" : "a grant's name");
    if (command->grant_count == COMMAND_GRANTS_MAX)
        return fail(s, "at most 15 grants");
    if (is_granted(command, s->token.word))
        return fail(s, "a name that was not given before");
    if (!take_word(s, &grant.name, "a grant's name") ||
        !take_symbol(s, ":", "a colon, then @ and what to grant") ||
        !take_symbol(s, "@", "@ and the name of a capability (see caps)") ||
        !take_word(s, &grant.source, "the name of a capability (see caps)"))
        return false;
    command->grants[command->grant_count++] = grant;
    return true;
}

static bool parse_grants(struct scanner *s, struct command *command) {
    command->with = true;
    advance(s);
    if (!take_symbol(s, "{", "{ and the grants, as in with { terminal: @terminal }"))
        return false;
    while (!at_symbol(s, "}")) {
        if (!parse_grant(s, command))
            return false;
        if (at_symbol(s, "}"))
            break;
        if (!take_symbol(s, ",", "a comma or }"))
            return false;
    }
    advance(s);
    return true;
}

bool command_parse(const char *line, size_t size, struct command *command,
                   struct command_error *error) {
    struct scanner s = {.line = line, .size = size, .error = error};

    *command = (struct command){.word_count = 0};
    advance(&s);
    while (at_word(&s) && (command->word_count == 0 || !at_keyword(&s, "with"))) {
        if (command->word_count == COMMAND_WORDS_MAX)
            return fail(&s, "fewer words");
        command->words[command->word_count++] = s.token.word;
        advance(&s);
    }
    if (command->word_count > 0 && at_keyword(&s, "with") && !parse_grants(&s, command))
        return false;
    if (command->word_count > 0 && at_symbol(&s, "&")) {
        command->background = true;
        advance(&s);
    }
    if (s.token.kind == TOKEN_END)
        return true;
    return fail(&s, command->word_count == 0 ? "a command (see help)" : "the end of the line");
}
