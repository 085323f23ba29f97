// Where a method's words, numbers and candidates go in the compress process.
#ifndef ASSAY_HARNESS_HOST_COMPRESS_COMPRESS_SINK_H_
#define ASSAY_HARNESS_HOST_COMPRESS_COMPRESS_SINK_H_

#include <cstdint>
#include <cstdio>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "harness/core/progress.h"
#include "harness/graph/graph.h"
#include "harness/host/compress_result.pb.h"
#include "harness/host/services/service_host.h"

namespace assay {

struct Artifact;

// Log lines go to `log` (standard output, which the parent keeps), at most 1000
// a second; progress to `progress` (may be null); candidates become artifacts
// below `output_dir`; the rest is kept for the result.
class CompressSink : public ServiceSink {
 public:
  struct Options {
    std::string output_dir;
    std::vector<std::string> budgets;  // names of the candidates
    const Graph* reference = nullptr;  // whose interface a candidate must have
    std::FILE* log = stdout;
    std::FILE* progress = nullptr;
    bool terminal = false;  // of `progress`
  };
  explicit CompressSink(Options options) : options_(std::move(options)) {}

  void set_reference(const Graph* reference) { options_.reference = reference; }

  void Log(int32_t level, absl::string_view line) override;
  void Progress(absl::string_view phase, int64_t done, int64_t total) override;
  void Metric(absl::string_view key, int64_t step, double value) override;
  void Note(absl::string_view key, absl::string_view value) override;
  void Misbehaviour(absl::string_view what) override;
  void Hook(absl::string_view event) override;
  absl::Status Submit(uint32_t budget, const Graph& graph,
                      const ParameterStore& parameters) override;
  absl::Status Submit(uint32_t budget, const DynamicGraph& graph,
                      const ParameterStore& parameters) override;

  // Adds submissions, log counts, misbehaviours, notes and metrics.
  void FillResult(CompressResult* result);
  // Ends the progress line.
  void FinishProgress() { progress_ = nullptr; }
  // The last submission that was refused, if the last one was.
  const absl::Status& refusal() const { return refusal_; }
  absl::Duration submitting() const { return submitting_; }

 private:
  absl::Status Write(uint32_t budget, const Graph& graph,
                     const ParameterStore& parameters);
  absl::Status Write(uint32_t budget, const DynamicGraph& graph,
                     const ParameterStore& parameters);
  absl::Status WriteFolder(uint32_t budget, const Artifact& artifact);
  template <typename AnyGraph>
  absl::Status TimedWrite(uint32_t budget, const AnyGraph& graph,
                          const ParameterStore& parameters);

  Options options_;
  std::unique_ptr<assay::Progress> progress_;
  std::string phase_;
  std::map<std::string, MetricSeries> metrics_;
  std::map<std::string, std::string> notes_;
  int64_t kept_numbers_ = 0;
  std::map<uint32_t, std::string> folders_;  // of what was submitted, by budget
  absl::Status refusal_;
  absl::Duration submitting_;

  absl::Mutex mutex_;  // of what any thread may reach
  LogCounts counts_;
  std::vector<std::string> misbehaviours_;
  absl::Time second_ = absl::InfinitePast();
  int lines_this_second_ = 0;
};

}  // namespace assay

#endif  // ASSAY_HARNESS_HOST_COMPRESS_COMPRESS_SINK_H_
