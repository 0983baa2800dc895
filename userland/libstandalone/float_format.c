/*
 * Decimal digits of a double, exactly: the value is kept as an integer of many base-10^9 digits and
 * rounded once, to even, as C libraries of hosts do.
 *
 * A double is m * 2^e.  For e >= 0 the integer is m * 2^e.  For e < 0 it is m * 5^-e, with the decimal
 * point -e digits from the right, since m * 2^e = m * 5^-e * 10^e.  The longest has 767 digits.
 */
#include <string.h>
#include "float_format.h"

#define WORDS		88		/* of 9 digits each */
#define BILLION		1000000000u
#define DIGITS_MAX	(WORDS * 9)

struct decimal {
	char digits[DIGITS_MAX];	/* values 0..9, most significant first, the first not 0 */
	int count;
	int exponent;			/* of the first digit: value is d.ddd * 10^exponent */
};

static int multiply(unsigned int *words, int count, unsigned int factor)
{
	unsigned long long carry = 0;
	int i;

	for (i = 0; i < count; i++) {
		carry += (unsigned long long)words[i] * factor;
		words[i] = carry % BILLION;
		carry /= BILLION;
	}
	if (carry)
		words[count++] = carry;
	return count;
}

static void to_decimal(struct decimal *d, double value)
{
	union { double value; unsigned long long bits; } u = { .value = value };
	unsigned long long mantissa = u.bits & 0xfffffffffffffull;
	int exponent = (int)(u.bits >> 52 & 0x7ff);
	unsigned int words[WORDS];
	int count = 0, i, step, leading;

	if (exponent == 0)
		exponent = 1;
	else
		mantissa |= 1ull << 52;
	exponent -= 1075;
	while (mantissa && exponent < 0 && !(mantissa & 1)) {
		mantissa >>= 1;
		exponent++;
	}
	for (; mantissa; mantissa /= BILLION)
		words[count++] = mantissa % BILLION;
	for (i = exponent; i > 0; i -= step) {
		step = i < 29 ? i : 29;
		count = multiply(words, count, 1u << step);
	}
	for (i = exponent; i < 0; i++)
		count = multiply(words, count, 5);

	d->count = 0;
	for (i = count - 1; i >= 0; i--) {
		unsigned int word = words[i], power;

		for (power = BILLION / 10; power > 0; power /= 10)
			d->digits[d->count++] = word / power % 10;
	}
	for (leading = 0; leading < d->count && d->digits[leading] == 0; leading++)
		;
	d->count -= leading;
	memmove(d->digits, d->digits + leading, d->count);
	d->exponent = d->count == 0 ? 0 : d->count - 1 + (exponent < 0 ? exponent : 0);
}

/* Keep the first keep digits, rounding half to even; digits beyond count are zeros. */
static void round_to(struct decimal *d, int keep)
{
	int i, up;

	if (keep < 0) {
		d->count = 0;
		return;
	}
	if (keep >= d->count)
		return;
	up = d->digits[keep] > 5;
	if (d->digits[keep] == 5) {
		up = keep > 0 && (d->digits[keep - 1] & 1);
		for (i = keep + 1; i < d->count; i++)
			up |= d->digits[i] != 0;
	}
	d->count = keep;
	if (!up)
		return;
	for (i = keep - 1; i >= 0 && d->digits[i] == 9; i--)
		d->digits[i] = 0;
	if (i >= 0) {
		d->digits[i]++;
		return;
	}
	d->digits[0] = 1;		/* 99.9 became 100 */
	d->exponent++;
	if (d->count == 0)
		d->count = 1;
}

static char digit(const struct decimal *d, int i)
{
	return '0' + (i >= 0 && i < d->count ? d->digits[i] : 0);
}

/* Digits from the one worth 10^exponent on, with precision digits after the point. */
static char *put_digits(char *to, const struct decimal *d, int exponent, int precision, int keep_point)
{
	int i, first = d->exponent - exponent, before = exponent > 0 ? exponent : 0;

	for (i = 0; i <= before; i++)
		*to++ = digit(d, first + i);
	if (precision > 0 || keep_point)
		*to++ = '.';
	for (i = 0; i < precision; i++)
		*to++ = digit(d, first + before + 1 + i);
	return to;
}

static char *put_fixed(char *to, const struct decimal *d, int precision, int keep_point)
{
	return put_digits(to, d, d->exponent > 0 ? d->exponent : 0, precision, keep_point);
}

static char *put_scientific(char *to, struct decimal *d, int precision, int keep_point, char e)
{
	int exponent = d->exponent, size = exponent < 0 ? -exponent : exponent;

	d->exponent = 0;
	to = put_digits(to, d, 0, precision, keep_point);
	*to++ = e;
	*to++ = exponent < 0 ? '-' : '+';
	if (size >= 100)
		*to++ = '0' + size / 100;
	*to++ = '0' + size / 10 % 10;
	*to++ = '0' + size % 10;
	return to;
}

int _format_float(char *to, double value, char letter, int precision, int keep_zeros)
{
	struct decimal d;
	int upper = letter < 'a';
	char *end;

	if (__builtin_isnan(value) || __builtin_isinf(value)) {
		memcpy(to, __builtin_isnan(value) ? (upper ? "NAN" : "nan") : upper ? "INF" : "inf", 3);
		return 3;
	}
	if (precision < 0)
		precision = 6;
	if (precision > 40)
		precision = 40;		/* the rest would be noise, and the text has a limit */
	to_decimal(&d, value);
	switch (letter | 0x20) {
	case 'e':
		round_to(&d, precision + 1);
		end = put_scientific(to, &d, precision, keep_zeros, upper ? 'E' : 'e');
		break;
	case 'f':
		round_to(&d, d.exponent + 1 + precision);
		end = put_fixed(to, &d, precision, keep_zeros);
		break;
	default:
		if (precision == 0)
			precision = 1;
		round_to(&d, precision);
		while (d.count > 0 && d.digits[d.count - 1] == 0)
			d.count--;
		if (d.exponent < -4 || d.exponent >= precision) {
			precision = keep_zeros ? precision - 1 : d.count > 0 ? d.count - 1 : 0;
			end = put_scientific(to, &d, precision, keep_zeros, upper ? 'E' : 'e');
		} else {
			int after = d.count - 1 - d.exponent;

			precision = keep_zeros ? precision - 1 - d.exponent : after > 0 ? after : 0;
			end = put_fixed(to, &d, precision, keep_zeros);
		}
	}
	return end - to;
}
