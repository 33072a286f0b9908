/* SPDX-License-Identifier: GPL-2.0 */
/* For <kunit/test.h>: results as TAP on stdout */
#ifndef SUITE_H
#define SUITE_H

#include "shim.h"

struct kunit {
	int failures;
};

struct kunit_case {
	void (*run)(struct kunit *test);
	const char *name;
};

struct kunit_suite {
	const char *name;
	struct kunit_case *test_cases;
};

#define KUNIT_CASE(test_name)	{ .run = test_name, .name = #test_name }

/* Once a line that fails is enough of it */
#define expect(test, passed, text, a, b) do {				\
	if (!(passed) && !(test)->failures++)				\
		printf("# line %d: %s: %lld, %lld\n", __LINE__, text,	\
		       (long long)(a), (long long)(b));			\
} while (0)

#define KUNIT_EXPECT_EQ(test, a, b)	expect(test, (a) == (b), #a " == " #b, a, b)
#define KUNIT_EXPECT_LE(test, a, b)	expect(test, (a) <= (b), #a " <= " #b, a, b)
#define KUNIT_EXPECT_GE(test, a, b)	expect(test, (a) >= (b), #a " >= " #b, a, b)
#define KUNIT_EXPECT_FALSE_MSG(test, a, format, n)			\
	expect(test, !(a), "!" #a, n, 0)
#define KUNIT_ASSERT_TRUE(test, a)	expect(test, a, #a, 0, 0)

#define kunit_test_suite(suite)						\
int main(void)								\
{									\
	const struct kunit_case *c = (suite).test_cases;		\
	int n = 0, failed = 0;						\
									\
	for (; c->run; c++) {						\
		struct kunit test = {};					\
									\
		c->run(&test);						\
		failed += !!test.failures;				\
		printf("%sok %d - %s\n", test.failures ? "not " : "",	\
		       ++n, c->name);					\
	}								\
	printf("1..%d\n", n);						\
	return !!failed;						\
}									\
struct kunit_suite

#endif
