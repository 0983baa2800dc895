/*
 * Messages that were never meant to be: mutated ones to ports of our own, and requests of every kernel
 * interface with wrong sizes, types, ids, rights and lengths.  None does more than return an error code
 * or be refused in the reply, and afterwards everything works.
 */
#include "child.h"
#include "messages.h"
#include "seeded.h"
#include <mach/mig_errors.h>
#include <mach/msg_destroy.h>
#include <stdlib.h>

#define PAGE	4096

union buffer {
	mach_msg_header_t head;
	unsigned int words[512];
	unsigned char bytes[2048];
};

static void drain(mach_port_t port)
{
	static union buffer buffer;

	while (mach_msg(&buffer.head, MACH_RCV_MSG | MACH_RCV_TIMEOUT, 0, sizeof buffer, port, 0, 0)
	       == MACH_MSG_SUCCESS)
		mach_msg_destroy(&buffer.head);
}

/* ---------------------------------------------------------------- to a port of our own */

static mach_port_t target, reply;	/* receive rights with send rights */
static char *memory;			/* two pages */

/* A message with one item of each kind; its size. */
static unsigned int build(union buffer *buffer)
{
	unsigned int *word = buffer->words + 6, count = seeded_below(5);
	mach_msg_type_t type;

	memset(buffer, 0, sizeof *buffer);
	buffer->head.msgh_bits = MACH_MSGH_BITS_COMPLEX
		| MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND, MACH_MSG_TYPE_MAKE_SEND_ONCE);
	buffer->head.msgh_remote_port = target;
	buffer->head.msgh_local_port = reply;
	while (count-- > 0) {
		switch (seeded_below(4)) {
		case 0:
			type = IN_LINE(MACH_MSG_TYPE_CHAR, 8, seeded_below(9));
			memcpy(word++, &type, 4);
			word += (type.msgt_number + 3) / 4;
			break;
		case 1:
			type = IN_LINE(MACH_MSG_TYPE_MAKE_SEND_ONCE, 32, 2);
			memcpy(word++, &type, 4);
			*word++ = reply;
			*word++ = target;
			break;
		case 2:
			type = OUT_OF_LINE(MACH_MSG_TYPE_CHAR, 8, 100);
			memcpy(word++, &type, 4);
			*word++ = (unsigned int)memory + seeded_below(2 * PAGE);
			break;
		case 3:
			type = OUT_OF_LINE(MACH_MSG_TYPE_COPY_SEND, 32, 3);
			memcpy(word++, &type, 4);
			*word++ = (unsigned int)memory;
			break;
		}
	}
	return (char *)word - (char *)buffer;
}

static void mutate(union buffer *buffer, unsigned int *size)
{
	unsigned int at = seeded_below(*size / 4);

	switch (seeded_below(6)) {
	case 0:
		buffer->words[at] ^= 1u << seeded_below(32);
		break;
	case 1:
		buffer->words[at] = seeded();
		break;
	case 2:
		buffer->bytes[seeded_below(*size)] = seeded();
		break;
	case 3:
		*size = seeded_below(600);
		break;
	case 4:
		buffer->words[at] = buffer->words[seeded_below(*size / 4)];
		break;
	case 5:
		buffer->words[at] = ~0u >> seeded_below(32);
		break;
	}
}

static void begin(void)
{
	vm_address_t address = 0;

	target = new_port_with_send();
	reply = new_port_with_send();
	CHECK_SUCCESS(vm_allocate(SELF, &address, 2 * PAGE, TRUE));
	memory = (char *)address;
	((mach_port_t *)memory)[0] = target;
	((mach_port_t *)memory)[1] = reply;
}

static void end(void)
{
	/* A mutated item may have moved it away. */
	CHECK_SUCCESS(vm_deallocate(SELF, (vm_address_t)memory, 2 * PAGE));
	destroy(target);
	destroy(reply);
}

/* Ports and memory that mutated messages moved away are made again. */
static void repair(void)
{
	if (!(type_of(target) & MACH_PORT_TYPE_RECEIVE) || !(type_of(reply) & MACH_PORT_TYPE_RECEIVE)) {
		(void)mach_port_destroy(SELF, target);
		(void)mach_port_destroy(SELF, reply);
		target = new_port_with_send();
		reply = new_port_with_send();
		((mach_port_t *)memory)[0] = target;
		((mach_port_t *)memory)[1] = reply;
	}
}

static boolean_t is_message_code(mach_msg_return_t code)
{
	return code == MACH_MSG_SUCCESS || (code & 0xffffc000) == 0x10000000 || (code & 0xffffc000) == 0x10004000;
}

#define MUTATIONS	1500

TEST(mutated_messages_to_ourselves)
{
	union buffer buffer;
	unsigned int i, size, sent = 0, refused = 0;
	mach_msg_return_t result;

	seed(1);
	begin();
	for (i = 0; i < MUTATIONS; i++) {
		size = build(&buffer);
		do
			mutate(&buffer, &size);
		while (size >= 24 && seeded_below(2));
		result = mach_msg(&buffer.head, MACH_SEND_MSG | MACH_SEND_TIMEOUT, size, 0, 0, 0, 0);
		CHECK(is_message_code(result));
		if (result == MACH_MSG_SUCCESS)
			sent++;
		else
			refused++;
		if (result == MACH_SEND_TIMED_OUT)
			mach_msg_destroy(&buffer.head);
		drain(target);
		drain(reply);
		repair();
	}
	CHECK(sent > MUTATIONS / 10 && refused > MUTATIONS / 10);
	end();
}

/* ---------------------------------------------------------------- to the kernel */

/* A request to a kernel port, and the code in its reply: or what mach_msg says. */
static int ask(union buffer *buffer, unsigned int size, mach_port_t answers)
{
	mach_msg_return_t result;
	mig_reply_header_t *answer = (mig_reply_header_t *)buffer;

	result = mach_msg(&buffer->head, MACH_SEND_MSG | MACH_RCV_MSG | MACH_RCV_TIMEOUT, size, sizeof *buffer, answers,
			  0, 0);
	if (result != MACH_MSG_SUCCESS)
		return result;
	if (buffer->head.msgh_id == MACH_NOTIFY_SEND_ONCE)
		return MIG_NO_REPLY;
	result = answer->RetCode;
	mach_msg_destroy(&buffer->head);
	return result;
}

static void fill_request(union buffer *buffer, mach_port_t to, int id)
{
	memset(buffer, 0, sizeof *buffer);
	buffer->head.msgh_bits = MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND, MACH_MSG_TYPE_MAKE_SEND_ONCE);
	buffer->head.msgh_remote_port = to;
	buffer->head.msgh_id = id;
}

TEST(requests_that_nobody_serves)
{
	static const int ids[] = { 0, 1, 99, -1, 71, 1999, 2199, 3219, 123456, 0x7fffffff, -0x7fffffff - 1 };
	mach_port_t answers = new_port();
	union buffer buffer;
	unsigned int i;

	for (i = 0; i < sizeof ids / sizeof ids[0]; i++) {
		fill_request(&buffer, SELF, ids[i]);
		buffer.head.msgh_local_port = answers;
		CHECK_EQUAL(ask(&buffer, 24, answers), MIG_BAD_ID);
	}
	destroy(answers);
}

/* The first and the last id of each interface that the kernel serves. */
static const struct { int first, last; } interfaces[] = {
	{ 2000, 2120 }, { 2200, 2212 }, { 2400, 2400 }, { 2600, 2645 }, { 2800, 2815 }, { 3000, 3030 },
	{ 3200, 3220 }, { 4000, 4006 }, { 555000, 555015 },
};

#define INTERFACES	(sizeof interfaces / sizeof interfaces[0])

/* What would stop this program or take its own ports away, asked with nothing in the body. */
static boolean_t is_deadly(int id)
{
	switch (id) {
	case 2008: case 2016:		/* terminate */
	case 2057: case 2062: case 2063:	/* suspend, and what makes threads */
	case 2604: case 2635:		/* processor_exit, host_reboot */
		return TRUE;
	}
	return FALSE;
}

/* Every request without a body, and with a body of zeroes, of each length up to some. */
TEST(requests_with_nothing_in_them)
{
	mach_port_t answers = new_port(), host = mach_host_self();
	union buffer buffer;
	unsigned int i, size;
	int id, code;

	for (i = 0; i < INTERFACES; i++)
		for (id = interfaces[i].first; id <= interfaces[i].last; id++) {
			if (is_deadly(id))
				continue;
			for (size = 24; size <= 72; size += 16) {
				fill_request(&buffer, i % 2 ? host : SELF, id);
				buffer.head.msgh_local_port = answers;
				code = ask(&buffer, size, answers);
				CHECK(code <= 3000);	/* not of mach_msg */
			}
		}
	CHECK_SUCCESS(mach_port_deallocate(SELF, host));
	destroy(answers);
}

/* ---------------------------------------------------------------- requests that are nearly right */

#define REQUESTS	1200

/* A child's ports are the target: what is done to it does not matter. */
TEST(mutated_requests_to_a_task)
{
	mach_port_t answers = new_port(), port = new_port_with_send();
	task_t child;
	thread_t thread;
	union buffer buffer;
	unsigned int i, j, size, count;
	int id;

	seed(2);
	child = new_child();
	CHECK_SUCCESS(thread_create(child, &thread));
	for (i = 0; i < REQUESTS; i++) {
		const unsigned int which = seeded_below(INTERFACES);

		id = interfaces[which].first + seeded_below(interfaces[which].last - interfaces[which].first + 1);
		fill_request(&buffer, seeded_below(3) ? child : thread, id);
		buffer.head.msgh_local_port = answers;
		count = seeded_below(6);
		size = 24;
		for (j = 0; j < count; j++) {
			mach_msg_type_t type = IN_LINE(MACH_MSG_TYPE_INTEGER_32, 32, 1);
			unsigned int value = seeded_below(3) ? seeded_below(5) : seeded();

			switch (seeded_below(8)) {
			case 0:
				type = IN_LINE(MACH_MSG_TYPE_BOOLEAN, 32, 1);
				break;
			case 1:
				type = IN_LINE(seeded_below(2) ? MACH_MSG_TYPE_COPY_SEND : MACH_MSG_TYPE_MAKE_SEND,
					       32, 1);
				value = seeded_below(4) ? port : MACH_PORT_NULL;
				buffer.head.msgh_bits |= MACH_MSGH_BITS_COMPLEX;
				break;
			case 2:
				type = IN_LINE(MACH_MSG_TYPE_PORT_NAME, 32, 1);
				value = port;
				break;
			case 3:
				type = OUT_OF_LINE(MACH_MSG_TYPE_CHAR, 8, 4000);
				value = (unsigned int)&buffer;
				buffer.head.msgh_bits |= MACH_MSGH_BITS_COMPLEX;
				break;
			}
			memcpy(buffer.bytes + size, &type, 4);
			memcpy(buffer.bytes + size + 4, &value, 4);
			size += 8;
		}
		if (seeded_below(4) == 0)
			mutate(&buffer, &size);
		buffer.head.msgh_remote_port = buffer.head.msgh_remote_port == thread ? thread : child;
		buffer.head.msgh_local_port = answers;
		(void)ask(&buffer, size, answers);
		if (type_of(child) == MACH_PORT_TYPE_DEAD_NAME || type_of(thread) == MACH_PORT_TYPE_DEAD_NAME) {
			(void)task_terminate(child);
			destroy(child);
			destroy(thread);
			child = new_child();
			CHECK_SUCCESS(thread_create(child, &thread));
		}
		drain(answers);
	}
	CHECK_SUCCESS(task_terminate(child));
	destroy(child);
	destroy(thread);
	drain(port);
	destroy(port);
	destroy(answers);
}

/* Afterwards. */
TEST(everything_still_works)
{
	mach_port_t port = new_port_with_send();
	task_t child;

	CHECK_SUCCESS(send_note(port, MACH_MSG_TYPE_COPY_SEND, 12));
	expect_note(port, 12);
	destroy(port);
	CHECK_SUCCESS(task_create(SELF, TRUE, &child));
	CHECK_SUCCESS(task_terminate(child));
	destroy(child);
}
