/*
** interrupt.h - Ctrl-C (SIGINT), noted for those who asked to hear of it.
** Plain C: no Lua, no libcurl.  The handler only sets flags and wakes waits.
*/
#ifndef XAI_BASE_INTERRUPT_H
#define XAI_BASE_INTERRUPT_H

#pragma GCC visibility push(hidden)

/*
** From now on note it.  Returns what the other functions take, or -1: there are
** too many listeners, or the system refuses.  The first listener puts our
** handler in the place of the one before; the last one that goes puts that
** back, unless somebody has set another meanwhile.
*/
int xai_interrupt_open(void);
void xai_interrupt_close(int listener);

/* A descriptor that becomes readable, or -1 where there is none.  After a fork
** it is another one. */
int xai_interrupt_fd(int listener);

/* Make the descriptor silent again; what was noted stays. */
void xai_interrupt_drain(int listener);

/*
** Was it pressed and not taken yet?  Pressed again in that state, it goes to
** the handler before ours: the program does not listen.
*/
int xai_interrupt_pending(int listener);

/* The same, and it is taken. */
int xai_interrupt_take(int listener);

/*
** An interpreter sets its own handler again for each piece of code that it
** runs, and none after an interrupt: take its place again.  Handlers of others
** are left alone.
*/
void xai_interrupt_hold(void);

/* Remember the handler that the interpreter has now. */
void xai_interrupt_remember(void);

/* The interpreter's handler works once: put it back where there is none. */
void xai_interrupt_rearm(void);

#pragma GCC visibility pop

#endif
