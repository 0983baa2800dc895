/*
 * The machine's console, as a device.
 */
#ifndef _CONSOLE_H_
#define _CONSOLE_H_

#include <stddef.h>

/* Write all of data; what cannot be written (there is no console) is lost.  False if any was. */
extern int _console_write(const char *data, size_t size);

/* Read at least one byte, at most size (or IO_INBAND_MAX, if less); 0 at the end of input or on an error. */
extern size_t _console_read(char *to, size_t size);

#endif	/* _CONSOLE_H_ */
