int run_feed_tests(void);
int run_feed_tests(void) { return 0; }
