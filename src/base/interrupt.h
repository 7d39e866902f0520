/*
** interrupt.h - Ctrl-C (SIGINT), noted for each listener.
**
** Each Lua state may have one listener.  The signal handler only sets flags and
** wakes waits.
*/
#ifndef XAI_BASE_INTERRUPT_H
#define XAI_BASE_INTERRUPT_H

#pragma GCC visibility push(hidden)

/*
** Makes a listener and returns its number; -1 if there are too many, or if the
** system refuses.  The first listener replaces the program's handler by ours;
** the last one to be closed restores it, unless the program has set another
** one.
*/
int xai_interrupt_open(void);

/* Closes a listener.  All functions ignore a number that is no listener's. */
void xai_interrupt_close(int listener);

/* The listener's descriptor, which becomes readable after an interrupt; -1 on
** systems without one.  A forked child gets another descriptor. */
int xai_interrupt_fd(int listener);

/* Makes the descriptor unreadable again.  The interrupt stays noted. */
void xai_interrupt_drain(int listener);

/* 1 if an interrupt is noted and not taken yet.  A second interrupt in that
** state goes to the program's own handler, as nobody seems to listen. */
int xai_interrupt_pending(int listener);

/* The same, and takes the interrupt: it is no longer noted. */
int xai_interrupt_take(int listener);

/* Installs our handler again where an interpreter has replaced it by its own,
** which it does before each chunk that it runs.  Handlers of others
** stay. */
void xai_interrupt_hold(void);

/* Remembers the interpreter's handler, if one is set. */
void xai_interrupt_remember(void);

/* Restores the remembered handler if none is set: an interpreter's handler
** works only once. */
void xai_interrupt_rearm(void);

#pragma GCC visibility pop

#endif
