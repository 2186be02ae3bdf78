from larder.settings import load


def test_the_environment_file_wins_over_the_defaults():
    assert load("production", environ={})["database.pool_size"] == 40
    assert load("staging", environ={})["database.pool_size"] == 10


def test_a_variable_wins_over_both_files():
    environ = {"LARDER__PAYMENTS__RETRY__MAX_ATTEMPTS": "12"}
    assert load("production", environ)["payments.retry.max_attempts"] == 12


def test_production_is_the_environment_unless_named():
    assert load(environ={})["server.rate_limit_per_minute"] == 600
