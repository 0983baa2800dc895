/*
 * What a stream is.
 */
#ifndef _FILE_H_
#define _FILE_H_

#include <stdio.h>
#include <cthreads.h>

struct _file {
	spin_lock_t lock;
	int unbuffered;		/* written at the end of each call */
	size_t used;		/* bytes in data */
	size_t taken;		/* of these, bytes already given to a reader */
	char data[512];
};

/* Put data into the stream; the caller holds its lock. */
extern void _file_write(FILE *file, const char *data, size_t size);

#endif	/* _FILE_H_ */
