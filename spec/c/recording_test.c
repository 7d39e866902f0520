/*
** recording_test.c - an answer as it came, and the replay of it.
*/
#include "base/recording.h"

#include "check.h"

/* A replay of these texts. */
static xai_Replay replay_of(const char *body, const char *sizes) {
  xai_Replay r;
  memset(&r, 0, sizeof r);
  r.on = 1;
  r.body.at = body;
  r.body.len = strlen(body);
  r.sizes.at = sizes;
  r.sizes.len = strlen(sizes);
  return r;
}

/* The pieces of a replay, with a bar behind each. */
static const char *pieces(const char *body, const char *sizes) {
  static char text[200];
  xai_Replay r = replay_of(body, sizes);
  xai_Slice piece;
  size_t n = 0;
  while (xai_replay_next(&r, &piece)) {
    memcpy(text + n, piece.at, piece.len);
    n += piece.len;
    text[n++] = '|';
  }
  text[n] = '\0';
  CHECK(!xai_replay_next(&r, &piece));
  return text;
}

static void test_a_body_comes_in_the_pieces_of_its_sizes(void) {
  CHECK(strcmp(pieces("abcdef", "1 2 3 "), "a|bc|def|") == 0);
  CHECK(strcmp(pieces("abcdef", "1 2 3"), "a|bc|def|") == 0);
}

static void test_what_has_no_size_comes_at_once(void) {
  CHECK(strcmp(pieces("abcdef", ""), "abcdef|") == 0);
  CHECK(strcmp(pieces("abcdef", "2 "), "ab|cdef|") == 0);
  CHECK(strcmp(pieces("abcdef", "2 nonsense"), "ab|cdef|") == 0);
}

static void test_sizes_that_are_too_large_are_those_of_the_rest(void) {
  CHECK(strcmp(pieces("abcdef", "2 99 1 "), "ab|cdef|") == 0);
  CHECK(strcmp(pieces("abc", "99999999999999999999999999999999 "), "abc|") ==
        0);
}

static void test_an_empty_body_has_no_piece(void) {
  CHECK(strcmp(pieces("", ""), "") == 0);
  CHECK(strcmp(pieces("", "1 2 "), "") == 0);
}

static void test_a_recording_is_replayed_piece_by_piece(void) {
  static const char *const came[] = {"data: 1\n", "\n", "data: 2", "\n\n"};
  xai_Recording recording;
  xai_Replay r;
  xai_Slice piece;
  size_t i;
  memset(&recording, 0, sizeof recording);
  for (i = 0; i < 4; i++)
    CHECK(xai_recording_add(&recording, came[i], strlen(came[i])) == XAI_OK);
  memset(&r, 0, sizeof r);
  r.body = xai_buffer_slice(&recording.body);
  r.sizes = xai_buffer_slice(&recording.sizes);
  for (i = 0; i < 4; i++)
    CHECK(xai_replay_next(&r, &piece) && xai_slice_is(piece, came[i]));
  CHECK(!xai_replay_next(&r, &piece));
  xai_recording_clear(&recording);
  CHECK(xai_buffer_size(&recording.body) == 0);
  CHECK(xai_buffer_size(&recording.sizes) == 0);
  xai_recording_free(&recording);
}

int main(void) {
  RUN(test_a_body_comes_in_the_pieces_of_its_sizes);
  RUN(test_what_has_no_size_comes_at_once);
  RUN(test_sizes_that_are_too_large_are_those_of_the_rest);
  RUN(test_an_empty_body_has_no_piece);
  RUN(test_a_recording_is_replayed_piece_by_piece);
  return check_done();
}
