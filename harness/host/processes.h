// The entry points of a run's three processes. `assay` calls them for its
// hidden commands internal-train, internal-compress and internal-score; each
// gets the path of a file that its parent wrote, and returns the exit code.
#ifndef ASSAY_HARNESS_HOST_PROCESSES_H_
#define ASSAY_HARNESS_HOST_PROCESSES_H_

#include <string>

namespace assay {

// Trains the reference network of the task of a RunSpec (textproto), or finds
// it in the cache; leaves train_result.pb in the run's folder.
int TrainMain(const std::string& spec_path);

// Loads the plugin of a RunSpec (textproto), drives it, and leaves artifacts
// and compress_result.pb. Ends with _exit, so that no destructor of the
// plugin's runs after the result is written.
int CompressMain(const std::string& spec_path);

// Scores what a ScoreRequest (run_files.proto) names and leaves
// score_result.pb.
int ScoreMain(const std::string& request_path);

}  // namespace assay

#endif  // ASSAY_HARNESS_HOST_PROCESSES_H_
