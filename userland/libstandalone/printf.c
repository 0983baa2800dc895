/*
 * The printf family: one formatter, which hands pieces of text to a sink.
 */
#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include "file.h"
#include "float_format.h"

struct sink {
	void (*put)(struct sink *sink, const char *text, size_t size);
	size_t total;		/* characters put so far */
	FILE *file;
	char *to;		/* of snprintf, with room for this many characters */
	size_t room;
};

struct conversion {
	int left, plus, space, alternate, zero;
	int width, precision;	/* precision -1: none given */
	int long_count;		/* l 1, ll 2, h -1, hh -2 */
};

static void put(struct sink *sink, const char *text, size_t size)
{
	sink->total += size;
	sink->put(sink, text, size);
}

static void fill(struct sink *sink, char c, int count)
{
	for (; count > 0; count--)
		put(sink, &c, 1);
}

/* Put prefix (a sign or 0x) and text, padded as the conversion asks. */
static void put_padded(struct sink *sink, const struct conversion *how, const char *prefix, const char *text,
		       int length)
{
	int prefix_length = strlen(prefix);
	int padding = how->width - prefix_length - length;

	if (!how->left && !how->zero)
		fill(sink, ' ', padding);
	put(sink, prefix, prefix_length);
	if (!how->left && how->zero)
		fill(sink, '0', padding);
	put(sink, text, length);
	if (how->left)
		fill(sink, ' ', padding);
}

static const char *sign(const struct conversion *how, int negative)
{
	return negative ? "-" : how->plus ? "+" : how->space ? " " : "";
}

static void put_integer(struct sink *sink, struct conversion *how, unsigned long long value, char letter,
			const char *prefix)
{
	const char *digits = letter == 'X' ? "0123456789ABCDEF" : "0123456789abcdef";
	unsigned int base = letter == 'o' ? 8 : letter == 'x' || letter == 'X' ? 16 : 10;
	char text[64], *end = text + sizeof text, *at = end;
	int least = how->precision < 0 ? 1 : how->precision;

	if (how->precision >= 0)
		how->zero = 0;
	if (least > (int)sizeof text - 1)
		least = sizeof text - 1;
	for (; value != 0 && value > 0xffffffffu; value /= base)	/* 64-bit division is slow here */
		*--at = digits[value % base];
	for (unsigned int low = value; low != 0; low /= base)
		*--at = digits[low % base];
	while (end - at < least)
		*--at = '0';
	if (how->alternate && letter == 'o' && *at != '0')
		*--at = '0';
	put_padded(sink, how, prefix, at, end - at);
}

static long long signed_argument(va_list *arguments, int long_count)
{
	if (long_count >= 2)
		return va_arg(*arguments, long long);
	if (long_count == -1)
		return (short)va_arg(*arguments, int);
	if (long_count == -2)
		return (signed char)va_arg(*arguments, int);
	return va_arg(*arguments, int);		/* long is int here */
}

static unsigned long long unsigned_argument(va_list *arguments, int long_count)
{
	if (long_count >= 2)
		return va_arg(*arguments, unsigned long long);
	if (long_count == -1)
		return (unsigned short)va_arg(*arguments, int);
	if (long_count == -2)
		return (unsigned char)va_arg(*arguments, int);
	return va_arg(*arguments, unsigned int);
}

static void put_float(struct sink *sink, struct conversion *how, double value, char letter)
{
	char text[FLOAT_TEXT_MAX];
	int negative = __builtin_signbit(value);
	int length = _format_float(text, negative ? -value : value, letter, how->precision, how->alternate);

	if (!isdigit((unsigned char)text[0]))
		how->zero = 0;			/* inf, nan */
	put_padded(sink, how, sign(how, negative), text, length);
}

static void put_string(struct sink *sink, struct conversion *how, const char *s)
{
	if (!s)
		s = "(null)";
	how->zero = 0;
	put_padded(sink, how, "", s, how->precision < 0 ? strlen(s) : strnlen(s, how->precision));
}

/* A width or precision: digits, or * for an argument. */
static int number(const char **format, va_list *arguments)
{
	int value = 0;

	if (**format == '*') {
		++*format;
		return va_arg(*arguments, int);
	}
	while (isdigit((unsigned char)**format))
		value = value * 10 + *(*format)++ - '0';
	return value;
}

/* What stands between % and the letter. */
static const char *parse(const char *format, struct conversion *how, va_list *arguments)
{
	memset(how, 0, sizeof *how);
	for (;; format++) {
		if (*format == '-')
			how->left = 1;
		else if (*format == '+')
			how->plus = 1;
		else if (*format == ' ')
			how->space = 1;
		else if (*format == '#')
			how->alternate = 1;
		else if (*format == '0')
			how->zero = 1;
		else
			break;
	}
	how->width = number(&format, arguments);
	if (how->width < 0) {
		how->left = 1;
		how->width = -how->width;
	}
	how->precision = -1;
	if (*format == '.') {
		format++;
		how->precision = number(&format, arguments);
	}
	for (;; format++) {
		if (*format == 'l')
			how->long_count++;
		else if (*format == 'j')
			how->long_count = 2;
		else if (*format == 'h')
			how->long_count--;
		else if (*format != 'z' && *format != 't')
			return format;
	}
}

static void convert(struct sink *sink, struct conversion *how, char letter, va_list *arguments)
{
	long long value;
	unsigned long long magnitude;
	char c;

	switch (letter) {
	case 'd': case 'i':
		value = signed_argument(arguments, how->long_count);
		magnitude = value < 0 ? -(unsigned long long)value : (unsigned long long)value;
		put_integer(sink, how, magnitude, 'd', sign(how, value < 0));
		break;
	case 'u': case 'o': case 'x': case 'X':
		magnitude = unsigned_argument(arguments, how->long_count);
		put_integer(sink, how, magnitude, letter,
			    !how->alternate || magnitude == 0 ? "" : letter == 'x' ? "0x" : letter == 'X' ? "0X" : "");
		break;
	case 'p':
		put_integer(sink, how, (uintptr_t)va_arg(*arguments, void *), 'x', "0x");
		break;
	case 'e': case 'E': case 'f': case 'F': case 'g': case 'G':
		put_float(sink, how, va_arg(*arguments, double), letter);
		break;
	case 'c':
		c = va_arg(*arguments, int);
		how->zero = 0;
		put_padded(sink, how, "", &c, 1);
		break;
	case 's':
		put_string(sink, how, va_arg(*arguments, const char *));
		break;
	case 'n':
		*va_arg(*arguments, int *) = sink->total;
		break;
	default:
		put(sink, &letter, 1);		/* %% */
	}
}

static int format_all(struct sink *sink, const char *format, va_list arguments)
{
	struct conversion how;
	va_list rest;

	va_copy(rest, arguments);
	while (*format != '\0') {
		size_t plain = 0;

		while (format[plain] != '\0' && format[plain] != '%')
			plain++;
		put(sink, format, plain);
		format += plain;
		if (*format == '\0')
			break;
		format = parse(format + 1, &how, &rest);
		if (*format == '\0')
			break;
		convert(sink, &how, *format++, &rest);
	}
	va_end(rest);
	return sink->total;
}

static void put_in_file(struct sink *sink, const char *text, size_t size)
{
	_file_write(sink->file, text, size);
}

static void put_in_string(struct sink *sink, const char *text, size_t size)
{
	if (size > sink->room)
		size = sink->room;
	memcpy(sink->to, text, size);
	sink->to += size;
	sink->room -= size;
}

int vfprintf(FILE *file, const char *format, va_list arguments)
{
	struct sink sink = { .put = put_in_file, .file = file };
	int length;

	spin_lock(&file->lock);
	length = format_all(&sink, format, arguments);
	spin_unlock(&file->lock);
	if (file->unbuffered)
		fflush(file);
	return length;
}

int vsnprintf(char *to, size_t size, const char *format, va_list arguments)
{
	struct sink sink = { .put = put_in_string, .to = to, .room = size > 0 ? size - 1 : 0 };
	int length = format_all(&sink, format, arguments);

	if (size > 0)
		*sink.to = '\0';
	return length;
}

int vprintf(const char *format, va_list arguments)
{
	return vfprintf(stdout, format, arguments);
}

#define WITH_ARGUMENTS(call)				\
	va_list arguments;				\
	int length;					\
							\
	va_start(arguments, format);			\
	length = call;					\
	va_end(arguments);				\
	return length

int printf(const char *format, ...)
{
	WITH_ARGUMENTS(vfprintf(stdout, format, arguments));
}

int fprintf(FILE *file, const char *format, ...)
{
	WITH_ARGUMENTS(vfprintf(file, format, arguments));
}

int snprintf(char *to, size_t size, const char *format, ...)
{
	WITH_ARGUMENTS(vsnprintf(to, size, format, arguments));
}

int sprintf(char *to, const char *format, ...)
{
	WITH_ARGUMENTS(vsnprintf(to, ~(size_t)0 >> 1, format, arguments));
}
