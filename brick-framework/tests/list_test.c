// SPDX-License-Identifier: GPL-2.0
#include "testing.h"

struct item {
	int value;
	struct th_list link;
};

static void fill(struct th_list *list, struct item *items, int count)
{
	int i;

	th_list_init(list);
	for (i = 0; i < count; i++) {
		items[i].value = i;
		th_list_push_back(list, &items[i].link);
	}
}

static void assert_values(struct th_list *list, const char *values)
{
	struct th_list *link;

	th_list_for_each(link, list) {
		assert_int_equal(th_list_entry(link, struct item, link)->value, *values - '0');
		assert_ptr_equal(link->next->prev, link);
		values++;
	}
	assert_int_equal(*values, '\0');
}

static void links_come_back_in_the_order_in_which_they_were_pushed(void **state)
{
	struct item items[3], first = { .value = 7 };
	struct th_list list;

	(void)state;
	fill(&list, items, 3);
	th_list_push_front(&list, &first.link);
	assert_values(&list, "7012");
	assert_ptr_equal(th_list_first(&list, struct item, link), &first);
	assert_ptr_equal(th_list_last(&list, struct item, link), &items[2]);
	assert_ptr_equal(th_list_pop_front(&list), &first.link);
	assert_values(&list, "012");
}

static void an_empty_list_has_nothing_to_pop(void **state)
{
	struct th_list list;

	(void)state;
	th_list_init(&list);
	assert_true(th_list_empty(&list));
	assert_null(th_list_pop_front(&list));
}

static void removing_a_link_twice_is_harmless(void **state)
{
	struct item items[3];
	struct th_list list;

	(void)state;
	fill(&list, items, 3);
	th_list_remove(&items[1].link);
	th_list_remove(&items[1].link);
	assert_values(&list, "02");
	assert_true(th_list_empty(&items[1].link));
}

static void splicing_moves_all_links_to_the_end(void **state)
{
	struct item items[2], more[3];
	struct th_list to, from;

	(void)state;
	fill(&to, items, 2);
	fill(&from, more, 3);
	th_list_splice_back(&to, &from);
	assert_values(&to, "01012");
	assert_true(th_list_empty(&from));
	th_list_splice_back(&to, &from);
	assert_values(&to, "01012");
	th_list_splice_back(&from, &to);
	assert_values(&from, "01012");
}

static void a_safe_walk_may_remove_every_link(void **state)
{
	struct th_list list, *link, *after;
	struct item items[5];
	int sum = 0;

	(void)state;
	fill(&list, items, 5);
	th_list_for_each_safe(link, after, &list) {
		sum += th_list_entry(link, struct item, link)->value;
		th_list_remove(link);
	}
	assert_int_equal(sum, 10);
	assert_true(th_list_empty(&list));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(links_come_back_in_the_order_in_which_they_were_pushed),
		cmocka_unit_test(an_empty_list_has_nothing_to_pop),
		cmocka_unit_test(removing_a_link_twice_is_harmless),
		cmocka_unit_test(splicing_moves_all_links_to_the_end),
		cmocka_unit_test(a_safe_walk_may_remove_every_link),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
