// What the train processes of earlier runs found, so that the runs of a suite
// that share a reference network ask for it once.
#ifndef ASSAY_HARNESS_HOST_TRAINED_REFERENCES_H_
#define ASSAY_HARNESS_HOST_TRAINED_REFERENCES_H_

#include <map>
#include <string>

#include "harness/host/run_files.pb.h"
#include "harness/host/run_spec.pb.h"

namespace assay {

// One thread at a time. Nothing is believed for it: the compress process reads
// the network by its key again, and the score process refuses one that differs
// from what is remembered here.
class TrainedReferences {
 public:
  // Null when no run that needs the same network has ended well. The pointer
  // lives until the next Remember().
  const TrainResult* Find(const RunSpec& spec) const;

  // A result whose outcome is OK; as what the next run is told: the network was
  // cached, and no time was spent on it.
  void Remember(const RunSpec& spec, const TrainResult& result);

 private:
  std::map<std::string, TrainResult> results_;
};

}  // namespace assay

#endif  // ASSAY_HARNESS_HOST_TRAINED_REFERENCES_H_
