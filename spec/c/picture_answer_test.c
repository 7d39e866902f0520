/*
** picture_answer_test.c - pictures go to their files and the rest stays JSON,
** however the bytes arrive.
*/
#define _POSIX_C_SOURCE 200809L
#define _DEFAULT_SOURCE

#include "base/picture_answer.h"

#include <stdlib.h>
#include <unistd.h>

#include "check.h"

static char folder[] = "/tmp/xai-pictures-XXXXXX";

static const char *path_of(const char *name) {
  static char path[200];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  return path;
}

/* Is the n-th picture written, so far, as these bytes? */
static int holds(int n, const char *s) {
  char path[220], got[64];
  FILE *f;
  size_t m;
  snprintf(path, sizeof path, "%s-%d.part", path_of("cat"), n);
  f = fopen(path, "rb");
  if (f == NULL) return 0;
  m = fread(got, 1, sizeof got, f);
  fclose(f);
  return m == strlen(s) && memcmp(got, s, m) == 0;
}

static int is_there(int n) {
  char path[220];
  snprintf(path, sizeof path, "%s-%d.part", path_of("cat"), n);
  return access(path, F_OK) == 0;
}

/* Feed a text in two pieces, or byte by byte when 'cut' is its length. */
static int feed(xai_PictureAnswer *p, const char *s, size_t cut,
                xai_Buffer *json) {
  size_t n = strlen(s), i;
  int rc = 0;
  if (cut < n) {
    rc = xai_picture_answer_feed(p, s, cut, json);
    return rc == 0 ? xai_picture_answer_feed(p, s + cut, n - cut, json) : rc;
  }
  for (i = 0; i < n && rc == 0; i++)
    rc = xai_picture_answer_feed(p, s + i, 1, json);
  return rc;
}

typedef struct Row {
  const char *text, *json;
  int count;
  const char *pictures[3];
} Row;

static const Row rows[] = {
    {"{\"data\":[{\"b64_json\":\"Zm9vYmFy\"}]}",
     "{\"data\":[{\"b64_json\":1}]}",
     1,
     {"foobar", NULL, NULL}},
    /* members in any order, more than one picture, blanks */
    {" { \"usage\" : {\"b64_json\":\"no\"}, \"data\" : [ { "
     "\"mime_type\":\"image/"
     "png\", \"b64_json\" : \"Zg==\" , \"x\":[{\"b64_json\":\"no\"}]}, "
     "{\"b64_json\":\"Zm8\"}, {\"b64_json\":\"Zm9v\"} ] }\n",
     " { \"usage\" : {\"b64_json\":\"no\"}, \"data\" : [ { "
     "\"mime_type\":\"image/"
     "png\", \"b64_json\" : 1 , \"x\":[{\"b64_json\":\"no\"}]}, "
     "{\"b64_json\":2}, {\"b64_json\":3} ] }\n",
     3,
     {"f", "fo", "foo"}},
    /* escapes */
    {"{\"data\":[{\"b64_json\":\"\\/\\/\\/\\/\\u0050z8\\u002F\\n\"}]}",
     "{\"data\":[{\"b64_json\":1}]}",
     1,
     {"\xff\xff\xff\x3f\x3f\x3f", NULL, NULL}},
    {"{\"a\\\"data\":[{\"b64_json\":\"Zg\"}],\"data\":[\"b64_json\",{\"b64_"
     "json\":"
     "\"Zg\"}]}",
     "{\"a\\\"data\":[{\"b64_json\":\"Zg\"}],\"data\":[\"b64_json\",{\"b64_"
     "json\":"
     "1}]}",
     1,
     {"f", NULL, NULL}},
    /* as gateways write it */
    {"{\"data\":[{\"b64_json\":\"data:image/png;base64,Zm9v\"},{\"b64_json\":"
     "\"dataZm9v\"},{\"b64_json\":\"dat\\u0061\"}]}",
     "{\"data\":[{\"b64_json\":1},{\"b64_json\":2},{\"b64_json\":3}]}",
     3,
     {"foo",
      "\x75\xab\x5a"
      "foo",
      "\x75\xab\x5a"}},
    /* none at all */
    {"{\"data\":[{\"b64_json\":\"\"},{\"b64_json\":null},{\"url\":\"Zg\"}]}",
     "{\"data\":[{\"b64_json\":\"\"},{\"b64_json\":null},{\"url\":\"Zg\"}]}",
     0,
     {NULL, NULL, NULL}},
    {"[{\"b64_json\":\"Zg\"}]",
     "[{\"b64_json\":\"Zg\"}]",
     0,
     {NULL, NULL, NULL}},
    {"{\"b64_json\":\"Zg\",\"data\":{\"b64_json\":\"Zg\"}}",
     "{\"b64_json\":\"Zg\",\"data\":{\"b64_json\":\"Zg\"}}",
     0,
     {NULL, NULL, NULL}},
    {"{\"data\":[[{\"b64_json\":\"Zg\"}]],\"x\":[{\"b64_json\":\"Zg\"}]}",
     "{\"data\":[[{\"b64_json\":\"Zg\"}]],\"x\":[{\"b64_json\":\"Zg\"}]}",
     0,
     {NULL, NULL, NULL}},
    {"<html>\"}]{,:", "<html>\"}]{,:", 0, {NULL, NULL, NULL}},
    {"}}]]{\"data\":[{\"b64_json\":\"Zg\"}]}",
     "}}]]{\"data\":[{\"b64_json\":1}]}",
     1,
     {"f", NULL, NULL}},
};

static void takes_pictures_out_however_the_answer_is_cut(void) {
  size_t i, cut;
  int k;
  for (i = 0; i < sizeof rows / sizeof *rows; i++)
    for (cut = 0; cut <= strlen(rows[i].text); cut++) {
      xai_PictureAnswer p;
      xai_Buffer json;
      check_note("row %lu, cut at %lu", (unsigned long)i, (unsigned long)cut);
      xai_buffer_init(&json, 0);
      xai_picture_answer_init(&p);
      CHECK(xai_picture_answer_open(&p, path_of("cat")) == 0);
      CHECK(feed(&p, rows[i].text, cut, &json) == 0);
      CHECK_TEXT(xai_buffer_slice(&json), rows[i].json);
      CHECK(p.count == rows[i].count);
      for (k = 0; k < rows[i].count; k++) {
        CHECK(holds(k + 1, rows[i].pictures[k]));
        CHECK(xai_picture_answer_file(&p, k + 1) != NULL);
      }
      CHECK(xai_picture_answer_file(&p, 0) == NULL);
      CHECK(xai_picture_answer_file(&p, rows[i].count + 1) == NULL);
      xai_picture_answer_close(&p);
      for (k = 1; k <= 3; k++) CHECK(!is_there(k));
      xai_buffer_free(&json);
    }
}

static void says_what_is_wrong_with_a_picture(void) {
  static const char *const bad[][2] = {
      {"{\"data\":[{\"b64_json\":\"Zg\"},{\"b64_json\":\"Zm9v*\"}]}",
       "picture 2 is no base64: '*' at position 5 is no character of base64"},
      {"{\"data\":[{\"b64_json\":\"Zm9vY\"}]}",
       "picture 1 is no base64: the text ends at position 6, with a single "
       "character that makes no byte"},
      {"{\"data\":[{\"b64_json\":\"Zm\\u00e4\"}]}",
       "picture 1 is no base64: the byte 0x7F at position 3 is no character of "
       "base64"},
      {"{\"data\":[{\"b64_json\":\"Zm\\u00zz\"}]}",
       "picture 1 is no base64: the byte 0x7F at position 3 is no character of "
       "base64"},
      {"{\"data\":[{\"b64_json\":\"data:image/png\"}]}",
       "a picture has a type and no data"},
  };
  size_t i, cut;
  for (i = 0; i < sizeof bad / sizeof *bad; i++)
    for (cut = 0; cut <= strlen(bad[i][0]); cut++) {
      xai_PictureAnswer p;
      xai_Buffer json;
      check_note("row %lu, cut at %lu", (unsigned long)i, (unsigned long)cut);
      xai_buffer_init(&json, 0);
      xai_picture_answer_init(&p);
      CHECK(xai_picture_answer_open(&p, path_of("cat")) == 0);
      CHECK(feed(&p, bad[i][0], cut, &json) == -1);
      CHECK(p.cause == XAI_CAUSE_PICTURE);
      CHECK(strcmp(p.problem, bad[i][1]) == 0);
      CHECK(xai_picture_answer_feed(&p, "x", 1, &json) == -1);
      xai_picture_answer_close(&p);
      xai_buffer_free(&json);
    }
}

static void begins_anew(void) {
  xai_PictureAnswer p;
  xai_Buffer json;
  xai_buffer_init(&json, 0);
  xai_picture_answer_init(&p);
  CHECK(xai_picture_answer_open(&p, path_of("cat")) == 0);
  CHECK(feed(&p, "{\"data\":[{\"b64_json\":\"Zg\"},{\"b64_json\":\"Zm9\\u00", 0,
             &json) == 0);
  CHECK(is_there(2));
  CHECK(xai_picture_answer_restart(&p) == 0);
  CHECK(!is_there(2));
  xai_buffer_clear(&json);
  CHECK(feed(&p, rows[0].text, 0, &json) == 0);
  CHECK_TEXT(xai_buffer_slice(&json), rows[0].json);
  CHECK(holds(1, "foobar"));
  xai_picture_answer_close(&p);
  xai_buffer_free(&json);
}

static void refuses_a_path_before_anything_comes(void) {
  xai_PictureAnswer p;
  xai_picture_answer_init(&p);
  CHECK(xai_picture_answer_open(&p, "/no/such/cat") == -1);
  CHECK(p.cause == XAI_CAUSE_FILE);
  CHECK(strcmp(p.problem, "cannot write '/no/such/cat-1.part': No such file or "
                          "directory") == 0);
  xai_picture_answer_close(&p);
}

static void refuses_pictures_without_number(void) {
  xai_PictureAnswer p;
  xai_Buffer json;
  int i, rc;
  xai_buffer_init(&json, 0);
  xai_picture_answer_init(&p);
  CHECK(xai_picture_answer_open(&p, path_of("cat")) == 0);
  rc = feed(&p, "{\"data\":[", 0, &json);
  for (i = 0; i < XAI_MAX_PICTURES; i++) {
    CHECK(rc == 0);
    rc = feed(&p, "{\"b64_json\":\"Zg\"},", 0, &json);
  }
  CHECK(rc == 0);
  CHECK(feed(&p, "{\"b64_json\":\"Zg\"},", 0, &json) == -1);
  CHECK(strstr(p.problem, "64 pictures") != NULL);
  xai_picture_answer_close(&p);
  CHECK(!is_there(1) && !is_there(XAI_MAX_PICTURES));
  xai_buffer_free(&json);
}

static void keeps_the_rest_within_its_limit(void) {
  xai_PictureAnswer p;
  xai_Buffer json;
  xai_buffer_init(&json, 20);
  xai_picture_answer_init(&p);
  CHECK(xai_picture_answer_open(&p, path_of("cat")) == 0);
  CHECK(feed(&p, "{\"x\":\"a long text that is no picture\"}", 9, &json) == -1);
  CHECK(p.cause == XAI_CAUSE_BODY_TOO_LONG);
  xai_picture_answer_close(&p);
  xai_buffer_free(&json);
}

int main(void) {
  if (mkdtemp(folder) == NULL) return 1;
  RUN(takes_pictures_out_however_the_answer_is_cut);
  RUN(says_what_is_wrong_with_a_picture);
  RUN(begins_anew);
  RUN(refuses_a_path_before_anything_comes);
  RUN(refuses_pictures_without_number);
  RUN(keeps_the_rest_within_its_limit);
  CHECK(rmdir(folder) == 0); /* nothing is left in it */
  return check_done();
}
