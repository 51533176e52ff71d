"""The live pipeline for a minute."""
import test_round_trip


class LongLivePipeline(test_round_trip.LivePipeline):
    SECONDS = 60


del test_round_trip
