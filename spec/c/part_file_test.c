/*
** part_file_test.c - a file has its name when it is whole, and else there is
** none.
*/
#define _POSIX_C_SOURCE 200809L
#define _DEFAULT_SOURCE

#include "base/part_file.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

static char folder[] = "/tmp/xai-part-XXXXXX";
static char place[200], part[210];

/* Set 'place' to a path in the folder, and 'part' to that while it is written.
** Neither is there afterwards. */
static const char *at(const char *name) {
  snprintf(place, sizeof place, "%s/%s", folder, name);
  snprintf(part, sizeof part, "%s.part", place);
  unlink(place);
  unlink(part);
  return place;
}

static int is_there(const char *path) {
  struct stat s;
  return lstat(path, &s) == 0;
}

/* Do these bytes, and no others, stand in the file? */
static int holds(const char *path, const char *s, size_t n) {
  char got[64];
  FILE *f = fopen(path, "rb");
  size_t m;
  if (f == NULL) return 0;
  m = fread(got, 1, sizeof got, f);
  fclose(f);
  return m == n && memcmp(got, s, n) == 0;
}

static void fill(const char *path, const char *s) {
  FILE *f = fopen(path, "wb");
  CHECK(f != NULL);
  if (f == NULL) return;
  fputs(s, f);
  fclose(f);
}

static int commit(xai_PartFile *f, const char *path, int adds, char *final) {
  xai_Buffer b;
  int rc;
  xai_buffer_init(&b, 0);
  CHECK(xai_buffer_puts(&b, path) == XAI_OK);
  CHECK(xai_buffer_terminate(&b) == XAI_OK);
  rc = xai_part_file_commit(f, &b, adds);
  strcpy(final, xai_buffer_data(&b));
  xai_buffer_free(&b);
  xai_part_file_discard(f); /* a file with its name stays */
  return rc;
}

static void has_its_name_when_it_is_whole(void) {
  xai_PartFile f;
  char final[250];
  xai_part_file_init(&f);
  fill(at("whole"), "old");
  CHECK(xai_part_file_open(&f, place) == 0);
  CHECK(xai_part_file_write(&f, "a\0b", 3) == 0);
  CHECK(xai_part_file_write(&f, "", 0) == 0);
  CHECK(xai_part_file_write(&f, "cd", 2) == 0);
  CHECK(f.written == 5);
  CHECK(holds(place, "old", 3));
  CHECK(holds(part, "a\0bcd", 5));
  CHECK(commit(&f, place, 0, final) == 0);
  CHECK(holds(place, "a\0bcd", 5));
  CHECK(!is_there(part));
  xai_part_file_discard(&f);
  CHECK(holds(place, "a\0bcd", 5));
}

static void leaves_nothing_when_it_is_discarded(void) {
  xai_PartFile f;
  xai_part_file_init(&f);
  fill(at("none"), "old");
  CHECK(xai_part_file_open(&f, place) == 0);
  CHECK(xai_part_file_write(&f, "new", 3) == 0);
  xai_part_file_discard(&f);
  CHECK(holds(place, "old", 3));
  CHECK(!is_there(part));
  xai_part_file_discard(&f); /* twice is fine */
}

static void begins_anew(void) {
  xai_PartFile f;
  char final[250];
  xai_part_file_init(&f);
  fill(at("anew"), "");
  fill(part, "left by somebody who was killed");
  CHECK(xai_part_file_open(&f, place) == 0);
  CHECK(holds(part, "", 0));
  CHECK(xai_part_file_restart(&f) == 0);
  CHECK(xai_part_file_write(&f, "the first attempt", 17) == 0);
  CHECK(xai_part_file_restart(&f) == 0);
  CHECK(f.written == 0);
  CHECK(xai_part_file_write(&f, "second", 6) == 0);
  CHECK(commit(&f, place, 0, final) == 0);
  CHECK(holds(place, "second", 6));
}

static void adds_the_extension_of_what_came(void) {
  static const char *const rows[][3] = {
      {"\x89PNG\r\n\x1a\n", "cat", "cat.png"},
      {"\xff\xd8\xff\xe0", "cat", "cat.jpg"},
      {"GIF89a..", "cat.jpeg", "cat.jpeg"},
      {"plain text", "cat", "cat"},
      {"GIF89a", ".cat", ".cat.gif"},
      {"", "cat", "cat"},
  };
  size_t i, k;
  for (i = 0; i < sizeof rows / sizeof *rows; i++) {
    xai_PartFile f;
    char final[250], expected[250];
    check_note("%s", rows[i][2]);
    xai_part_file_init(&f);
    CHECK(xai_part_file_open(&f, at(rows[i][1])) == 0);
    for (k = 0; k < strlen(rows[i][0]); k++)
      CHECK(xai_part_file_write(&f, rows[i][0] + k, 1) == 0);
    CHECK(commit(&f, place, 1, final) == 0);
    snprintf(expected, sizeof expected, "%s/%s", folder, rows[i][2]);
    CHECK(strcmp(final, expected) == 0);
    CHECK(holds(expected, rows[i][0], strlen(rows[i][0])));
    CHECK(!is_there(part));
    unlink(expected);
  }
}

static void is_written_by_one_call_at_a_time(void) {
  xai_PartFile one, other;
  char final[250];
  xai_part_file_init(&one);
  xai_part_file_init(&other);
  CHECK(xai_part_file_open(&one, at("two")) == 0);
  CHECK(xai_part_file_open(&other, place) == -1);
  CHECK(strstr(other.problem, "another call is writing it") != NULL);
  CHECK(xai_part_file_write(&one, "mine", 4) == 0);
  xai_part_file_discard(&other); /* takes nothing from the first */
  CHECK(is_there(part));
  CHECK(commit(&one, place, 0, final) == 0);
  CHECK(holds(place, "mine", 4));
  xai_part_file_init(&other);
  CHECK(xai_part_file_open(&other, place) == 0);
  xai_part_file_discard(&other);
}

static void names_the_path_and_the_reason(void) {
  xai_PartFile f;
  char expected[300];
  xai_part_file_init(&f);
  CHECK(xai_part_file_open(&f, "/no/such/folder/cat.png") == -1);
  CHECK(strcmp(f.problem, "cannot write '/no/such/folder/cat.png.part': No "
                          "such file or directory") == 0);
  xai_part_file_discard(&f);
  xai_part_file_init(&f);
  CHECK(xai_part_file_open(&f, folder) == -1);
  snprintf(expected, sizeof expected, "cannot write '%s': Is a directory",
           folder);
  CHECK(strcmp(f.problem, expected) == 0);
  xai_part_file_discard(&f);
  xai_part_file_init(&f);
  CHECK(xai_part_file_open(&f, "/no\n\xff/cat") == -1);
  CHECK(strcmp(f.problem, "cannot write '/no ?/cat.part': No such file or "
                          "directory") == 0);
  xai_part_file_discard(&f);
}

static void tells_of_a_full_disk(void) {
  xai_PartFile f;
  xai_part_file_init(&f);
  if (access("/dev/full", W_OK) != 0) return; /* Linux has it */
  CHECK(xai_part_file_open(&f, "/dev/full") == 0);
  CHECK(xai_part_file_write(&f, "x", 1) == -1);
  CHECK(strcmp(f.problem,
               "cannot write '/dev/full': No space left on device") == 0);
  CHECK(xai_part_file_write(&f, "x", 1) == -1);
  CHECK(xai_part_file_restart(&f) == -1);
  xai_part_file_discard(&f);
  CHECK(is_there("/dev/full"));
}

static void writes_a_device_itself(void) {
  xai_PartFile f;
  char final[250];
  xai_part_file_init(&f);
  CHECK(xai_part_file_open(&f, "/dev/null") == 0);
  CHECK(xai_part_file_write(&f, "\x89PNG\r\n\x1a\n", 8) == 0);
  CHECK(commit(&f, "/dev/null", 1, final) == 0);
  CHECK(strcmp(final, "/dev/null") == 0);
  CHECK(is_there("/dev/null"));
  CHECK(!is_there("/dev/null.part"));
  xai_part_file_init(&f);
  CHECK(xai_part_file_open(&f, "/dev/null") == 0);
  CHECK(xai_part_file_write(&f, "x", 1) == 0);
  CHECK(xai_part_file_restart(&f) == -1); /* it may have gone out */
  xai_part_file_discard(&f);
  CHECK(is_there("/dev/null"));
}

static void does_not_wait_for_the_reader_of_a_pipe(void) {
  xai_PartFile f;
  xai_part_file_init(&f);
  CHECK(mkfifo(at("pipe"), 0600) == 0);
  CHECK(xai_part_file_open(&f, place) == -1);
  CHECK(f.problem[0] != '\0');
  xai_part_file_discard(&f);
  CHECK(is_there(place));
  unlink(place);
}

static void follows_no_link_that_somebody_has_laid(void) {
  xai_PartFile f;
  char victim[250];
  snprintf(victim, sizeof victim, "%s/victim", folder);
  fill(victim, "precious");
  CHECK(symlink(victim, (at("laid"), part)) == 0);
  xai_part_file_init(&f);
  CHECK(xai_part_file_open(&f, place) == -1);
  xai_part_file_discard(&f);
  CHECK(holds(victim, "precious", 8));
  unlink(victim);
  unlink(part);
}

static void leaves_the_parent_its_file_after_a_fork(void) {
  xai_PartFile f;
  char final[250];
  int status = 0;
  pid_t child;
  xai_part_file_init(&f);
  CHECK(xai_part_file_open(&f, at("forked")) == 0);
  CHECK(xai_part_file_write(&f, "one", 3) == 0);
  child = fork();
  if (child == 0) {
    xai_part_file_leave(&f);
    _exit(0);
  }
  CHECK(waitpid(child, &status, 0) == child && status == 0);
  CHECK(xai_part_file_write(&f, "two", 3) == 0);
  CHECK(commit(&f, place, 0, final) == 0);
  CHECK(holds(place, "onetwo", 6));
}

int main(void) {
  char command[64];
  if (mkdtemp(folder) == NULL) return 1;
  RUN(has_its_name_when_it_is_whole);
  RUN(leaves_nothing_when_it_is_discarded);
  RUN(begins_anew);
  RUN(adds_the_extension_of_what_came);
  RUN(is_written_by_one_call_at_a_time);
  RUN(names_the_path_and_the_reason);
  RUN(tells_of_a_full_disk);
  RUN(writes_a_device_itself);
  RUN(does_not_wait_for_the_reader_of_a_pipe);
  RUN(follows_no_link_that_somebody_has_laid);
  RUN(leaves_the_parent_its_file_after_a_fork);
  snprintf(command, sizeof command, "rm -r '%s'", folder);
  CHECK(system(command) == 0);
  return check_done();
}
