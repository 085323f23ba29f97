#include "harness/train/batch.h"

#include <deque>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"

namespace assay {
namespace {

constexpr size_t kAhead = 2;

}  // namespace

struct Prefetcher::State {
  void Work() {
    for (int64_t number = first; number < limit; ++number) {
      absl::StatusOr<Batch> batch = source->Make(number);
      const bool failed = !batch.ok();
      absl::MutexLock lock(&mutex);
      mutex.Await(absl::Condition(this, &State::HasRoom));
      if (stopping) return;
      ready.push_back(std::move(batch));
      if (failed) return;
    }
  }
  bool HasRoom() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) {
    return stopping || ready.size() < kAhead;
  }
  bool HasBatch() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) {
    return !ready.empty();
  }

  BatchSource* source;
  int64_t first, limit;
  int64_t taken = 0;  // by the caller's thread alone
  absl::Status failure;
  absl::Mutex mutex;
  std::deque<absl::StatusOr<Batch>> ready ABSL_GUARDED_BY(mutex);
  bool stopping ABSL_GUARDED_BY(mutex) = false;
  std::thread thread;
};

Prefetcher::Prefetcher(BatchSource* source, int64_t first, int64_t limit)
    : state_(std::make_unique<State>()) {
  state_->source = source;
  state_->first = first;
  state_->limit = limit;
  state_->thread = std::thread([state = state_.get()] { state->Work(); });
}

Prefetcher::~Prefetcher() {
  {
    absl::MutexLock lock(&state_->mutex);
    state_->stopping = true;
  }
  state_->thread.join();
}

absl::StatusOr<Batch> Prefetcher::Next() {
  if (!state_->failure.ok()) return state_->failure;
  if (state_->first + state_->taken >= state_->limit) {
    return absl::OutOfRangeError(
        absl::StrCat("batches end at number ", state_->limit));
  }
  absl::MutexLock lock(&state_->mutex);
  state_->mutex.Await(absl::Condition(state_.get(), &State::HasBatch));
  absl::StatusOr<Batch> batch = std::move(state_->ready.front());
  state_->ready.pop_front();
  ++state_->taken;
  if (!batch.ok()) state_->failure = batch.status();
  return batch;
}

}  // namespace assay
