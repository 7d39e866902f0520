/*
** buffer_test.c - byte slices, and buffers that grow.
*/
#include "base/buffer.h"

#include "check.h"

/* ------------------------------------------------------------------ buffers */

static void test_an_unused_buffer_is_empty_and_its_data_is_not_null(void) {
  xai_Buffer b;
  xai_buffer_init(&b, 0);
  CHECK(xai_buffer_size(&b) == 0);
  CHECK(xai_buffer_data(&b) != NULL);
  xai_buffer_consume(&b, 5);
  xai_buffer_clear(&b);
  CHECK(xai_buffer_append(&b, "", 0) == XAI_OK);
  CHECK(xai_buffer_size(&b) == 0);
  xai_buffer_wipe(&b);
  xai_buffer_free(&b);
}

static void test_what_was_appended_and_not_consumed_is_held_in_order(void) {
  static char template[1 << 16];
  size_t from = 0, to = 0, n, i;
  xai_Buffer b;
  xai_buffer_init(&b, 0);
  while (to + 700 < sizeof template) {
    n = check_random(700);
    for (i = 0; i < n; i++) template[to + i] = (char)check_random(256);
    CHECK(xai_buffer_append(&b, template + to, n) == XAI_OK);
    to += n;
    n = check_random(700);
    xai_buffer_consume(&b, n);
    from = from + n < to ? from + n : to;
    CHECK(check_same(xai_buffer_slice(&b),
                     check_slice(template + from, to - from)));
  }
  CHECK(b.cap <= 16 * 1024); /* what is consumed makes room again */
  xai_buffer_free(&b);
}

static void test_consuming_more_than_there_is_empties_it(void) {
  xai_Buffer b;
  xai_buffer_init(&b, 0);
  xai_buffer_puts(&b, "four");
  xai_buffer_consume(&b, 99);
  CHECK(xai_buffer_size(&b) == 0);
  xai_buffer_puts(&b, "more");
  CHECK_TEXT(xai_buffer_slice(&b), "more");
  xai_buffer_consume(&b, 1);
  xai_buffer_consume(&b, (size_t)-1);
  CHECK(xai_buffer_size(&b) == 0);
  xai_buffer_free(&b);
}

static void test_removing_takes_bytes_out_of_the_middle(void) {
  xai_Buffer b;
  xai_buffer_init(&b, 0);
  xai_buffer_puts(&b, "..0123456789");
  xai_buffer_consume(&b, 2);
  xai_buffer_remove(&b, 3, 4);
  CHECK_TEXT(xai_buffer_slice(&b), "012789");
  xai_buffer_remove(&b, 0, 1);
  CHECK_TEXT(xai_buffer_slice(&b), "12789");
  xai_buffer_remove(&b, 3, 2);
  xai_buffer_remove(&b, 3, 0);
  CHECK_TEXT(xai_buffer_slice(&b), "127");
  xai_buffer_free(&b);
}

static void test_a_limit_counts_what_is_held_and_refuses_whole_pieces(void) {
  xai_Buffer b;
  xai_buffer_init(&b, 10);
  CHECK(xai_buffer_append(&b, "0123456789", 10) == XAI_OK);
  CHECK(xai_buffer_append(&b, "", 0) == XAI_OK);
  CHECK(xai_buffer_append(&b, "x", 1) == XAI_ELIMIT);
  xai_buffer_consume(&b, 4);
  CHECK(xai_buffer_append(&b, "abcde", 5) == XAI_ELIMIT);
  CHECK_TEXT(xai_buffer_slice(&b), "456789");
  CHECK(xai_buffer_append(&b, "abcd", 4) == XAI_OK);
  CHECK_TEXT(xai_buffer_slice(&b), "456789abcd");
  CHECK(xai_buffer_reserve(&b, 1) == XAI_ELIMIT);
  xai_buffer_free(&b);
  CHECK(xai_buffer_append(&b, "01234567890", 11) == XAI_ELIMIT);
}

static void test_a_size_that_cannot_be_is_refused(void) {
  xai_Buffer b;
  xai_buffer_init(&b, 0);
  xai_buffer_puts(&b, "kept");
  CHECK(xai_buffer_reserve(&b, (size_t)-1) == XAI_ENOMEM);
  CHECK(xai_buffer_reserve(&b, (size_t)-1 / 2 + 1) == XAI_ENOMEM);
  CHECK_TEXT(xai_buffer_slice(&b), "kept");
  xai_buffer_free(&b);
}

static void test_room_that_was_reserved_needs_no_allocation(void) {
  char *at;
  size_t i;
  xai_Buffer b;
  xai_buffer_init(&b, 0);
  CHECK(xai_buffer_reserve(&b, 5000) == XAI_OK);
  at = b.at;
  for (i = 0; i < 5000; i++) CHECK(xai_buffer_append(&b, "x", 1) == XAI_OK);
  CHECK(b.at == at);
  xai_buffer_free(&b);
}

static void test_a_nul_behind_the_bytes_is_not_counted(void) {
  xai_Buffer b;
  xai_buffer_init(&b, 0);
  CHECK(xai_buffer_terminate(&b) == XAI_OK);
  CHECK(xai_buffer_size(&b) == 0);
  CHECK(xai_buffer_data(&b)[0] == '\0');
  xai_buffer_puts(&b, "abc");
  CHECK(xai_buffer_terminate(&b) == XAI_OK);
  CHECK(strcmp(xai_buffer_data(&b), "abc") == 0);
  xai_buffer_puts(&b, "def");
  CHECK_TEXT(xai_buffer_slice(&b), "abcdef");
  xai_buffer_free(&b);
}

static void test_a_full_buffer_can_still_be_terminated(void) {
  xai_Buffer b;
  xai_buffer_init(&b, 3);
  xai_buffer_puts(&b, "abc");
  CHECK(xai_buffer_terminate(&b) == XAI_OK);
  CHECK(strcmp(xai_buffer_data(&b), "abc") == 0);
  CHECK(xai_buffer_size(&b) == 3);
  xai_buffer_free(&b);
}

static void test_clearing_keeps_the_memory_and_freeing_keeps_the_limit(void) {
  xai_Buffer b;
  xai_buffer_init(&b, 1000);
  xai_buffer_puts(&b, "abc");
  xai_buffer_clear(&b);
  CHECK(b.cap > 0 && xai_buffer_size(&b) == 0);
  xai_buffer_free(&b);
  CHECK(b.at == NULL && b.cap == 0 && b.max == 1000);
  xai_buffer_free(&b);
}

static void test_a_blanked_buffer_keeps_its_memory_but_no_byte_of_it(void) {
  xai_Buffer b;
  size_t i;
  xai_buffer_init(&b, 0);
  xai_buffer_blank(&b);
  xai_buffer_puts(&b, "a secret");
  xai_buffer_consume(&b, 2);
  xai_buffer_blank(&b);
  CHECK(xai_buffer_size(&b) == 0 && b.cap > 0);
  for (i = 0; i < 8; i++) CHECK(b.at[i] == '\0');
  xai_buffer_free(&b);
}

static void masked(const char *text, const char *secret, const char *expected) {
  xai_Buffer b;
  xai_buffer_init(&b, 0);
  check_note("%s in %s", secret, text);
  xai_buffer_puts(&b, "..");
  xai_buffer_puts(&b, text);
  xai_buffer_consume(&b, 2);
  xai_bytes_mask(b.at + b.rd, xai_buffer_size(&b),
                 check_slice(secret, strlen(secret)));
  CHECK_TEXT(xai_buffer_slice(&b), expected);
  xai_buffer_free(&b);
}

static void test_a_secret_is_found_wherever_it_stands(void) {
  masked("", "key", "");
  masked("key", "key", "***");
  masked("ke", "key", "ke");
  masked("a key, keykey kkey keke", "key", "a ***, ****** k*** keke");
  masked("kekey", "key", "ke***");
  masked("key at the end: key", "key", "*** at the end: ***");
  masked("nothing to hide", "", "nothing to hide");
  masked("aaa", "aa", "**a");
  masked("aaaa", "aa", "****");
  masked("\\n a key, keykey", "key", "\\n a ***, ******");
}

static void test_no_mask_is_put_outside_the_unconsumed_bytes(void) {
  xai_Buffer b;
  xai_buffer_init(&b, 0);
  xai_buffer_puts(&b, "keykey");
  xai_buffer_consume(&b, 1);
  xai_bytes_mask(b.at + b.rd, xai_buffer_size(&b), check_slice("key", 3));
  CHECK_TEXT(xai_buffer_slice(&b), "ey***");
  CHECK(b.at[0] == 'k');
  xai_buffer_free(&b);
}

/* ------------------------------------------------------------------- slices */

static xai_Slice of(const char *s) { return check_slice(s, strlen(s)); }

/* As a search that looks at each place would find it. */
static void test_the_first_occurrence_is_found(void) {
  char text[601], what[301];
  size_t n, m, i;
  uint32_t state = 1;
  for (n = 0; n < 20000; n++) {
    const char *found;
    for (i = 0; i < sizeof text - 1; i++)
      text[i] =
          (char)('a' + (state = state * 1103515245u + 12345u) / 65536 % 2);
    text[n % sizeof text] = '\0';
    m = 1 + (n % 7 == 0 ? n % 300 : n % 12);
    for (i = 0; i < m; i++)
      what[i] = n % 2 != 0 && n % sizeof text > m
                    ? text[n % sizeof text - m + i]
                    : (char)('a' + (state = state * 1103515245u + 12345u) /
                                       65536 % 2);
    what[m] = '\0';
    found = strstr(text, what);
    CHECK(xai_slice_find(of(text), of(what)) == found);
  }
}

static void test_equality_is_of_all_bytes(void) {
  CHECK(xai_slice_is(of("data"), "data"));
  CHECK(xai_slice_is(of(""), ""));
  CHECK(!xai_slice_is(of("data"), "dat"));
  CHECK(!xai_slice_is(of("dat"), "data"));
  CHECK(!xai_slice_is(of("Data"), "data"));
  CHECK(!xai_slice_is(check_slice("data\0", 5), "data"));
}

static void test_likeness_leaves_out_the_case_of_ascii_letters(void) {
  CHECK(xai_slice_like(of("Content-TYPE"), "content-type"));
  CHECK(!xai_slice_like(of("content-type "), "content-type"));
  CHECK(!xai_slice_like(of("[@`{"), "{`@["));
  CHECK(!xai_slice_like(of("\xC3\x89"), "\xC3\xA9"));
  CHECK(xai_slice_like(of("AZaz09"), "azAZ09"));
}

static void test_a_text_is_found_anywhere_in_any_case(void) {
  CHECK(xai_slice_has(of("no Credits left"), "credits"));
  CHECK(xai_slice_has(of("credits"), "CREDITS"));
  CHECK(xai_slice_has(of("cccredits"), "credits"));
  CHECK(xai_slice_has(of("any"), ""));
  CHECK(!xai_slice_has(of("credit"), "credits"));
  CHECK(!xai_slice_has(of(""), "c"));
}

static void test_blanks_go_from_both_ends_only(void) {
  CHECK_TEXT(xai_slice_trim(of(" \t\r\n a b \n")), "a b");
  CHECK_TEXT(xai_slice_trim(of("a")), "a");
  CHECK_TEXT(xai_slice_trim(of("")), "");
  CHECK_TEXT(xai_slice_trim(of(" \r\n\t ")), "");
  CHECK(xai_slice_trim(check_slice("\0 ", 2)).len == 1);
  CHECK(xai_slice_trim(check_slice(NULL, 0)).len == 0);
}

int main(void) {
  RUN(test_an_unused_buffer_is_empty_and_its_data_is_not_null);
  RUN(test_what_was_appended_and_not_consumed_is_held_in_order);
  RUN(test_consuming_more_than_there_is_empties_it);
  RUN(test_removing_takes_bytes_out_of_the_middle);
  RUN(test_a_limit_counts_what_is_held_and_refuses_whole_pieces);
  RUN(test_a_size_that_cannot_be_is_refused);
  RUN(test_room_that_was_reserved_needs_no_allocation);
  RUN(test_a_nul_behind_the_bytes_is_not_counted);
  RUN(test_a_full_buffer_can_still_be_terminated);
  RUN(test_clearing_keeps_the_memory_and_freeing_keeps_the_limit);
  RUN(test_a_blanked_buffer_keeps_its_memory_but_no_byte_of_it);
  RUN(test_a_secret_is_found_wherever_it_stands);
  RUN(test_no_mask_is_put_outside_the_unconsumed_bytes);
  RUN(test_the_first_occurrence_is_found);
  RUN(test_equality_is_of_all_bytes);
  RUN(test_likeness_leaves_out_the_case_of_ascii_letters);
  RUN(test_a_text_is_found_anywhere_in_any_case);
  RUN(test_blanks_go_from_both_ends_only);
  return check_done();
}
