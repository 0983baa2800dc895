/*
 * C threads: fork, join, mutexes, conditions; and that they hold when many threads get in each other's way
 * and are preempted anywhere.
 */
#include <check.h>
#include <cthreads.h>
#include <stdlib.h>

#define THREADS	8
#define ROUNDS	100

static struct mutex mutex = MUTEX_INITIALIZER;
static struct condition condition = CONDITION_INITIALIZER;
static int counter;

static any_t count_up(any_t argument)
{
	int i, seen;

	for (i = 0; i < ROUNDS; i++) {
		mutex_lock(&mutex);
		seen = counter;
		if (i % 10 == 0)
			cthread_yield();
		counter = seen + 1;
		mutex_unlock(&mutex);
	}
	return argument;
}

TEST(threads_fork_and_join)
{
	cthread_t threads[THREADS];
	int i;

	counter = 0;
	for (i = 0; i < THREADS; i++) {
		threads[i] = cthread_fork(count_up, (any_t)i);
		CHECK(threads[i] != NO_CTHREAD);
	}
	for (i = 0; i < THREADS; i++)
		CHECK_EQUAL((int)cthread_join(threads[i]), i);
	CHECK_EQUAL(counter, THREADS * ROUNDS);
}

/* Two threads hand a number to and fro: each waits for the other's turn. */
static any_t ping(any_t argument)
{
	int mine = (int)argument, i;

	for (i = 0; i < ROUNDS; i++) {
		mutex_lock(&mutex);
		while (counter % 2 != mine)
			condition_wait(&condition, &mutex);
		counter++;
		condition_signal(&condition);
		mutex_unlock(&mutex);
	}
	return 0;
}

TEST(conditions_lose_no_signal)
{
	cthread_t other;

	counter = 0;
	other = cthread_fork(ping, (any_t)1);
	ping((any_t)0);
	cthread_join(other);
	CHECK_EQUAL(counter, 2 * ROUNDS);
}

static any_t wait_for_go(any_t argument)
{
	mutex_lock(&mutex);
	while (counter == 0)
		condition_wait(&condition, &mutex);
	counter++;
	mutex_unlock(&mutex);
	return argument;
}

TEST(broadcast_wakes_all)
{
	cthread_t threads[THREADS];
	int i;

	counter = 0;
	for (i = 0; i < THREADS; i++)
		threads[i] = cthread_fork(wait_for_go, 0);
	cthread_yield();
	mutex_lock(&mutex);
	counter = 1;
	condition_broadcast(&condition);
	mutex_unlock(&mutex);
	for (i = 0; i < THREADS; i++)
		cthread_join(threads[i]);
	CHECK_EQUAL(counter, 1 + THREADS);
}

static any_t read_data(any_t argument)
{
	cthread_set_data(cthread_self(), argument);
	cthread_yield();
	return cthread_data(cthread_self());
}

TEST(threads_have_data_of_their_own)
{
	cthread_t a = cthread_fork(read_data, (any_t)1), b = cthread_fork(read_data, (any_t)2);

	CHECK_EQUAL((int)cthread_join(a), 1);
	CHECK_EQUAL((int)cthread_join(b), 2);
}

static any_t finish(any_t argument)
{
	mutex_lock(&mutex);
	counter++;
	condition_signal(&condition);
	mutex_unlock(&mutex);
	cthread_exit(argument);
}

TEST(detached_threads_clean_up)
{
	int i;

	counter = 0;
	for (i = 0; i < THREADS; i++)
		cthread_detach(cthread_fork(finish, 0));
	mutex_lock(&mutex);
	while (counter < THREADS)
		condition_wait(&condition, &mutex);
	mutex_unlock(&mutex);
	while (cthread_count() > 2)	/* main, and the library's that catches exceptions */
		cthread_yield();
}

static any_t exit_early(any_t argument)
{
	cthread_exit(argument);
}

TEST(exit_gives_the_result)
{
	CHECK_EQUAL((int)cthread_join(cthread_fork(exit_early, (any_t)77)), 77);
}

TEST(try_lock_does_not_wait)
{
	CHECK(mutex_try_lock(&mutex));
	CHECK(!mutex_try_lock(&mutex));
	mutex_unlock(&mutex);
	CHECK(mutex_try_lock(&mutex));
	mutex_unlock(&mutex);
}

/* ---------------------------------------------------------------- in each other's way */

#define SLOTS		3
#define ITEMS		60
#define PAIRS		4

static int slots[SLOTS], filled, first;
static struct condition not_empty = CONDITION_INITIALIZER, not_full = CONDITION_INITIALIZER;
static volatile int taken[PAIRS * ITEMS];

/* Long enough that now and then a quantum ends in between. */
static void work(int amount)
{
	volatile int i;

	for (i = 0; i < amount; i++)
		;
}

static any_t produce(any_t argument)
{
	int who = (int)argument, i;

	for (i = 0; i < ITEMS; i++) {
		work((who * 37 + i * 101) % 1500);
		mutex_lock(&mutex);
		while (filled == SLOTS)
			condition_wait(&not_full, &mutex);
		slots[(first + filled++) % SLOTS] = who * ITEMS + i;
		condition_signal(&not_empty);
		mutex_unlock(&mutex);
	}
	return 0;
}

static any_t consume(any_t argument)
{
	int i, item;

	for (i = 0; i < ITEMS; i++) {
		mutex_lock(&mutex);
		while (filled == 0)
			condition_wait(&not_empty, &mutex);
		item = slots[first];
		first = (first + 1) % SLOTS;
		filled--;
		work(item % 900);
		condition_signal(&not_full);
		mutex_unlock(&mutex);
		taken[item]++;
	}
	return 0;
}

TEST(bounded_buffer_passes_each_item_once)
{
	cthread_t producers[PAIRS], consumers[PAIRS];
	int i;

	filled = first = 0;
	for (i = 0; i < PAIRS * ITEMS; i++)
		taken[i] = 0;
	for (i = 0; i < PAIRS; i++) {
		consumers[i] = cthread_fork(consume, 0);
		producers[i] = cthread_fork(produce, (any_t)i);
	}
	for (i = 0; i < PAIRS; i++) {
		cthread_join(producers[i]);
		cthread_join(consumers[i]);
	}
	for (i = 0; i < PAIRS * ITEMS; i++)
		CHECK_EQUAL(taken[i], 1);
}

static spin_lock_t spin = SPIN_LOCK_INITIALIZER;

static any_t count_under_spin_lock(any_t argument)
{
	int i, seen;

	for (i = 0; i < 20; i++) {
		spin_lock(&spin);
		seen = counter;
		work(20000);
		counter = seen + 1;
		spin_unlock(&spin);
	}
	return argument;
}

TEST(spin_locks_exclude_even_when_their_holder_is_preempted)
{
	cthread_t threads[4];
	int i;

	counter = 0;
	for (i = 0; i < 4; i++)
		threads[i] = cthread_fork(count_under_spin_lock, 0);
	for (i = 0; i < 4; i++)
		cthread_join(threads[i]);
	CHECK_EQUAL(counter, 80);
}

/* Threads that fork threads, which end while others start on the kernel threads they leave behind. */
static any_t tree(any_t argument)
{
	int depth = (int)argument;
	cthread_t left, right;

	if (depth == 0)
		return (any_t)1;
	left = cthread_fork(tree, (any_t)(depth - 1));
	right = cthread_fork(tree, (any_t)(depth - 1));
	work(500);
	return (any_t)((int)cthread_join(left) + (int)cthread_join(right));
}

TEST(forks_a_tree_of_threads)
{
	CHECK_EQUAL((int)tree((any_t)5), 32);
	CHECK_EQUAL((int)tree((any_t)5), 32);
}

TEST(a_stack_is_as_large_as_it_says)
{
	CHECK(cthread_stack_size >= 64 * 1024);
	CHECK_EQUAL(cthread_stack_size & (cthread_stack_size - 1), 0);
}
