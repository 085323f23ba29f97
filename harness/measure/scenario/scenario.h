// How queries arrive, and how long they take: the scenarios of MLPerf's LoadGen
// over several variants in one interleaved session. Knows no graph, no metric
// and no meter.
#ifndef ASSAY_HARNESS_MEASURE_SCENARIO_SCENARIO_H_
#define ASSAY_HARNESS_MEASURE_SCENARIO_SCENARIO_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "harness/measure/clock.h"

namespace assay {

enum class Scenario {
  kSingleStream,  // a query of one sample when the last one is done
  kMultiStream,   // the same, with several samples per query
  kOffline,       // one query per block, with all of the block's samples
  kServer,        // Poisson arrivals; a query waits while another runs
  // As kSingleStream, of networks that write tokens: a query is a prompt, up to
  // the first token; or the tokens behind one.
  kPrefill,
  kDecode,
};
const char* ScenarioName(Scenario scenario);  // "SINGLE_STREAM", ...

// What is measured: a plan with its inputs ready, or nothing at all, which
// measures the harness.
class SystemUnderTest {
 public:
  virtual ~SystemUnderTest() = default;
  // Answers one query over these samples of the data set and returns when the
  // answers are in memory. Inside the timed region. An error ends the session.
  virtual absl::Status Answer(absl::Span<const int64_t> samples) = 0;
};

struct Variant {
  std::string name;  // "dense/f32", unique
  SystemUnderTest* system = nullptr;
};

// Called at the borders of blocks, outside the timed region: energy meters and
// temperature watchers hang here.
class BlockObserver {
 public:
  virtual ~BlockObserver() = default;
  virtual absl::Status BeforeBlock(size_t variant) = 0;
  virtual absl::Status AfterBlock(size_t variant, int64_t samples) = 0;
};

struct ScenarioSettings {
  Scenario scenario = Scenario::kSingleStream;
  uint64_t seed = 0;
  // Samples are drawn from 0..data_samples-1 with replacement.
  int64_t data_samples = 1;
  // 1 for SingleStream; 8 is usual for MultiStream. The one query of an Offline
  // block has as many times these as a block of MultiStream has queries.
  int64_t samples_per_query = 1;

  // Every variant warms up for both of these before anything is timed, and then
  // until it is steady: until the medians of its last quarter of queries and of
  // the quarter before differ by at most `warm_up_tolerance`, or
  // `warm_up_most_seconds` are over.
  int64_t warm_up_queries = 10;
  double warm_up_seconds = 0.1;
  double warm_up_tolerance = 0.05;
  double warm_up_most_seconds = 0.5;

  // Every variant gets the same number of queries: the larger of min_queries
  // and what min_seconds holds, but at most max_queries and what max_seconds
  // holds, both by the slowest variant's median in the warm-up. The number is
  // fixed before the first timed query, so that the results cannot choose it.
  int64_t min_queries = 662;
  double min_seconds = 0.0;
  int64_t max_queries = 1'000'000;
  double max_seconds = 60.0;
  // Queries enough that even the fastest variant is busy so long, whatever
  // max_seconds is: what a slow meter needs.
  double least_busy_seconds = 0.0;

  // A round runs the variants in random order and then in reverse (ABBA), which
  // cancels a drift that is straight over the round.
  int64_t rounds = 4;

  // Server: queries per second, the same for every variant; 0: this share of
  // what the slowest variant could answer in the warm-up.
  double target_qps = 0.0;
  double target_utilisation = 0.5;

  // Called before each query and outside its latency, to make caches cold; none
  // leaves them as the last query did (hot). Not for Server, where whoever
  // waits in the queue would wait for this, too.
  std::function<void()> evict;

  // Checked between blocks; CANCELLED when set.
  const std::atomic<bool>* stop = nullptr;
  // Called between blocks.
  std::function<void(int64_t blocks_done, int64_t blocks)> progress;
};

// Times are ns since the session began.
struct BlockTiming {
  size_t variant = 0;
  int64_t first_query = 0;  // in the variant's own counting
  int64_t queries = 0;
  int64_t start_ns = 0;  // schedule of the first query
  int64_t end_ns = 0;    // last completion
};

struct VariantTimings {
  std::string name;
  std::vector<int64_t> latency_ns;  // from the scheduled time, in issue order
  int64_t samples = 0;
  int64_t busy_ns = 0;  // sum of its blocks, less what evicting took
  int64_t warm_up_queries = 0;
  int64_t warm_up_ns = 0;
  bool warm_up_steady = false;
};

struct SessionTimings {
  std::vector<VariantTimings> variants;  // in the order given
  std::vector<BlockTiming> blocks;       // in the order run
  int64_t start_ns = 0;                  // of the session, on the clock
  int64_t queries_per_block = 0;
  int64_t samples_per_query = 1;
  double target_qps = 0.0;  // Server: as settled after the warm-up
};

// INVALID_ARGUMENT: no variants, two of one name, a count that is not positive,
// a Server without a rate or with `evict`. Otherwise errors are the system's or
// the observer's, with the variant's name, or CANCELLED.
absl::StatusOr<SessionTimings> RunScenario(const ScenarioSettings& settings,
                                           absl::Span<const Variant> variants,
                                           Clock& clock,
                                           BlockObserver* observer = nullptr);

}  // namespace assay

#endif  // ASSAY_HARNESS_MEASURE_SCENARIO_SCENARIO_H_
