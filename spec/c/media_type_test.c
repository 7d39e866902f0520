/*
** media_type_test.c - each type is known by its first bytes, and by no fewer.
*/
#include "base/media_type.h"

#include "check.h"

typedef struct Sample {
  const char *bytes;
  size_t length, needed;
  const char *name, *extension;
} Sample;

static const Sample samples[] = {
    {LIT("\x89PNG\r\n\x1a\n\0\0\0\rIHDR"), 8, "image/png", "png"},
    {LIT("\xff\xd8\xff\xe0\0\x10JFIF"), 3, "image/jpeg", "jpg"},
    {LIT("RIFF\x24\0\0\0WEBPVP8 "), 12, "image/webp", "webp"},
    {LIT("GIF87a\1\0"), 6, "image/gif", "gif"},
    {LIT("GIF89a\1\0"), 6, "image/gif", "gif"},
    {LIT("%PDF-1.7\n"), 5, "application/pdf", "pdf"},
};

static void knows_each_type_by_its_first_bytes(void) {
  size_t i, n;
  for (i = 0; i < sizeof samples / sizeof *samples; i++)
    for (n = 0; n <= samples[i].length; n++) {
      const xai_MediaType *t = xai_media_type(check_slice(samples[i].bytes, n));
      check_note("%s, %lu bytes", samples[i].name, (unsigned long)n);
      CHECK((t != NULL) == (n >= samples[i].needed));
      CHECK(samples[i].needed <= XAI_MEDIA_BYTES);
      if (t == NULL) continue;
      CHECK(strcmp(t->name, samples[i].name) == 0);
      CHECK(strcmp(t->extension, samples[i].extension) == 0);
    }
}

static void knows_nothing_else(void) {
  static const char *const others[] = {
      "",           "GIF88a",  "RIFF\x24..WAVEfmt ", "<svg xmlns=\"",
      "plain text", "\x89PNG", "{\"error\":1}",      "RIFX\x24...WEBP"};
  size_t i;
  for (i = 0; i < sizeof others / sizeof *others; i++) {
    check_note("%lu", (unsigned long)i);
    CHECK(xai_media_type(check_slice(others[i], strlen(others[i]))) == NULL);
  }
}

static void finds_the_extension_of_a_path(void) {
  static const char *const with[] = {"cat.png", "a/b.c/cat.x", ".cat.png",
                                     "a.b.c", "/x/y.z"};
  static const char *const without[] = {"cat",  "a.b/cat", ".cat", "a/.cat",
                                        "cat.", "",        "/",    "a.b/"};
  size_t i;
  for (i = 0; i < sizeof with / sizeof *with; i++) {
    check_note("%s", with[i]);
    CHECK(xai_path_has_extension(with[i]));
  }
  for (i = 0; i < sizeof without / sizeof *without; i++) {
    check_note("%s", without[i]);
    CHECK(!xai_path_has_extension(without[i]));
  }
}

int main(void) {
  RUN(knows_each_type_by_its_first_bytes);
  RUN(knows_nothing_else);
  RUN(finds_the_extension_of_a_path);
  return check_done();
}
