/*
** media_type.c - what kind of file bytes are, told from the first of them.
*/
#include "base/media_type.h"

#include <string.h>

/* A type and its signature: 'length' bytes at the offset 'at', and before them,
** where 'first' is set, four bytes at the beginning. */
typedef struct Row {
  xai_MediaType type;
  const char *first;
  size_t at, length;
  const char *signature;
} Row;

static const Row rows[] = {
    {{"image/png", "png"}, NULL, 0, 8, "\x89PNG\r\n\x1a\n"},
    {{"image/jpeg", "jpg"}, NULL, 0, 3, "\xff\xd8\xff"},
    {{"image/webp", "webp"}, "RIFF", 8, 4, "WEBP"},
    {{"image/gif", "gif"}, NULL, 0, 6, "GIF87a"},
    {{"image/gif", "gif"}, NULL, 0, 6, "GIF89a"},
    {{"application/pdf", "pdf"}, NULL, 0, 5, "%PDF-"},
};

static int fits(const Row *row, xai_Slice s) {
  if (s.len < row->at + row->length) return 0;
  if (row->first != NULL && memcmp(s.at, row->first, 4) != 0) return 0;
  return memcmp(s.at + row->at, row->signature, row->length) == 0;
}

const xai_MediaType *xai_media_type(xai_Slice bytes) {
  size_t i;
  for (i = 0; i < sizeof rows / sizeof *rows; i++)
    if (fits(&rows[i], bytes)) return &rows[i].type;
  return NULL;
}

int xai_path_has_extension(const char *path) {
  const char *name = strrchr(path, '/'), *dot;
  name = name != NULL ? name + 1 : path;
  dot = strrchr(name, '.');
  return dot != NULL && dot > name && dot[1] != '\0';
}
