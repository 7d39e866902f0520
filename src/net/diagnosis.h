/*
** diagnosis.h - how far an exchange has come, and what became of it.
*/
#ifndef XAI_NET_DIAGNOSIS_H
#define XAI_NET_DIAGNOSIS_H

#include "net/transfer.h"

#pragma GCC visibility push(hidden)

/* How far the exchange has come. */
xai_Phase xai_outcome_phase(const xai_Transfer *t);

/* The kind, phase and words for libcurl's verdict on this transfer. */
void xai_outcome_of_transfer(xai_Transfer *t, CURLcode code);

/* When what was done, in microseconds since the attempt began. */
typedef struct xai_Times {
  int64_t dns, connect, tls, first_byte, total;
} xai_Times;

xai_Times xai_outcome_times(const xai_Transfer *t);

#pragma GCC visibility pop

#endif
