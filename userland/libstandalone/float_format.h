#ifndef _FLOAT_FORMAT_H_
#define _FLOAT_FORMAT_H_

#define FLOAT_TEXT_MAX	384	/* the greatest double has 309 digits before its point */

/*
 * Write the digits of value, which is not negative, as letter (e f g E F G) and precision (-1: 6) ask;
 * keep_zeros is the # flag.  The length is returned; there is no final '\0'.
 */
extern int _format_float(char *to, double value, char letter, int precision, int keep_zeros);

#endif	/* _FLOAT_FORMAT_H_ */
