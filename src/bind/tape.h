/*
** tape.h - the option 'tape' of clients: calls are answered from memory, or
** recorded.
**
** A tape is a table of xai.testing with the function answer(tape, name, method,
** path, body, first, second, held), where 'first' and 'second' are the arguments of
** the user.  It returns nil, and why the call is refused, if it is; or a table:
**
** - to be recorded, if its field 'record' is true.  It gets the fields 'path' and
**   'body', with keys masked.  When the answer has come, or what comes of it, its
**   function done(table, head, body, sizes, cut) is called once.  'cut' is the kind
**   of the failure that cut the answer off, or nil;
** - else to be replayed: its fields are the texts 'head', 'body', 'sizes', 'kind',
**   'phase' and 'why' of xai_Replay, all of which may be nil.  If it has a function
**   'again', that answers further attempts of the call: again(table, body) gives
**   another such table, or nil and why not.  Where 'held' is true, a budget or a
**   limiter may still refuse the call: then only 'again' counts, which answers its
**   first attempt, too.
*/
#ifndef XAI_BIND_TAPE_H
#define XAI_BIND_TAPE_H

#include "bind/compat.h"
#include "net/call.h"

#pragma GCC visibility push(hidden)

/* What a tape is asked.  Numbers are indices of the Lua stack; 0: none. */
typedef struct xai_TapeQuestion {
  const char *what; /* "client:chat" */
  const char *method, *path;
  int name, body, first, second;
  int held; /* is the call held, until it is admitted? */
} xai_TapeQuestion;

/* Pop a tape and ask it.  Pushes its table and returns 1; returns 0 if the call is
** none of its business; raises if it refuses the call. */
int xai_tape_ask(lua_State *L, const xai_TapeQuestion *q);

/* Is the table at 't', which a tape gave, to be replayed? */
int xai_tape_is_replay(lua_State *L, int t);

/* Fill in the replay of the table at 't', which must outlive it. */
void xai_tape_read_replay(lua_State *L, int t, xai_Replay *r);

/* Replace the table on top by the one that answers another attempt of its call;
** raises if there is none. */
void xai_tape_ask_again(lua_State *L, const xai_Call *c);

/* Tell the table at 't' what is sent. */
void xai_tape_set_request(lua_State *L, int t, const xai_Call *c,
                          const char *path, const xai_Request *r);

/* Pop a table and, if its call is recorded, tell it what came. */
void xai_tape_tell(lua_State *L, xai_Call *c);

#pragma GCC visibility pop

#endif
