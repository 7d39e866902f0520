/*
** line_file.h - a file of lines, as Lua sees it.
*/
#ifndef XAI_BIND_LINE_FILE_H
#define XAI_BIND_LINE_FILE_H

#include "bind/compat.h"

#pragma GCC visibility push(hidden)

/*
** core.line_file(path) -> file, or nil and a message.  Opens a file, or makes an
** empty one, which is locked until it is closed or the process ends.  Methods:
**   file:read()        the next bytes; nil at the end; nil and a message
**   file:cut(size)     removes what follows the first 'size' bytes
**   file:append(text)  appends text, all or nothing
**   file:close()
** cut and append return true, or nil and a message.
*/
int xai_line_file_new(lua_State *L);

#pragma GCC visibility pop

#endif
