/*
** output.c - where the body of an answer goes instead of memory.
*/
#include "base/output.h"

#include <string.h>

void xai_output_init(xai_Output *o) {
  memset(o, 0, sizeof *o);
  xai_buffer_init(&o->path, 0);
  xai_part_file_init(&o->file);
  xai_picture_answer_init(&o->pictures);
}

int xai_output_is_file(xai_OutputKind kind) {
  return kind == XAI_OUTPUT_FILE || kind == XAI_OUTPUT_NAMED;
}

static int has_pictures(const xai_Output *o) {
  return o->kind == XAI_OUTPUT_PICTURES;
}

/* Note the cause of what 'rc' says has failed. */
static int file_result(xai_Output *o, int rc) {
  if (rc != 0 && o->cause == XAI_CAUSE_NONE) o->cause = XAI_CAUSE_FILE;
  return rc;
}

static int picture_result(xai_Output *o, int rc) {
  if (rc != 0) o->cause = o->pictures.cause;
  return rc;
}

int xai_output_open(xai_Output *o, xai_OutputKind kind, const char *path) {
  o->kind = kind;
  if (has_pictures(o))
    return picture_result(o, xai_picture_answer_open(&o->pictures, path));
  if (xai_buffer_puts(&o->path, path) != XAI_OK ||
      xai_buffer_terminate(&o->path) != XAI_OK) {
    o->cause = XAI_CAUSE_MEMORY;
    return -1;
  }
  return file_result(o, xai_part_file_open(&o->file, path));
}

int xai_output_write(xai_Output *o, const char *s, size_t n, xai_Buffer *json) {
  return has_pictures(o)
             ? picture_result(o,
                              xai_picture_answer_feed(&o->pictures, s, n, json))
             : file_result(o, xai_part_file_write(&o->file, s, n));
}

int xai_output_restart(xai_Output *o) {
  return has_pictures(o)
             ? picture_result(o, xai_picture_answer_restart(&o->pictures))
             : file_result(o, xai_part_file_restart(&o->file));
}

int xai_output_commit(xai_Output *o) {
  return file_result(
      o, xai_part_file_commit(&o->file, &o->path, o->kind == XAI_OUTPUT_NAMED));
}

int xai_output_name_picture(xai_Output *o, int n, xai_Buffer *path) {
  xai_PartFile *f = xai_picture_answer_file(&o->pictures, n);
  if (f == NULL) return 0;
  if (xai_part_file_commit(f, path, 1) == 0) return 1;
  o->pictures.cause = XAI_CAUSE_FILE;
  memcpy(o->pictures.problem, f->problem, sizeof o->pictures.problem);
  return picture_result(o, -1);
}

uint64_t xai_output_written(const xai_Output *o) { return o->file.written; }

int xai_output_is_out(const xai_Output *o) {
  if (has_pictures(o)) return o->pictures.is_itself && o->pictures.count > 0;
  return o->file.is_itself && o->file.written > 0;
}

const char *xai_output_problem(const xai_Output *o) {
  return has_pictures(o) ? o->pictures.problem : o->file.problem;
}

void xai_output_close(xai_Output *o) {
  xai_part_file_discard(&o->file);
  xai_picture_answer_close(&o->pictures);
  xai_buffer_free(&o->path);
}

void xai_output_leave(xai_Output *o) {
  xai_part_file_leave(&o->file);
  xai_picture_answer_leave(&o->pictures);
}
