"""Twenty seeded kills."""
import test_kill


class TwentyKills(test_kill.KilledHub):
    ROUNDS = 20


del test_kill
