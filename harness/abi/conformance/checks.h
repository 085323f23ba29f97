// The conformance kit: what every module must keep, as checks that can fail.
//
//   L0 image      one export, no text relocations, loads without threads, open
//                 files or output
//   L1 lifecycle  negotiation, opening twice, cards, match, make and drop, two
//                 instances, a run on a tiny task, stop, hosts with absent or
//                 shorter tables, freed handles, the claimed determinism
#ifndef ASSAY_HARNESS_ABI_CONFORMANCE_CHECKS_H_
#define ASSAY_HARNESS_ABI_CONFORMANCE_CHECKS_H_

#include <map>
#include <string>
#include <vector>

namespace assay::conformance {

struct Check {
  std::string name;  // "L1.open_twice"
  // What is wrong with the module; empty if nothing. Runs foreign code.
  std::string (*run)(const std::string& path,
                     const std::map<std::string, std::string>& settings);
};

const std::vector<Check>& Checks();

struct Result {
  std::string name;
  std::string wrong;  // empty: passed
};

// Every check in a process of its own. `settings` are given to each method that
// knows all of their keys.
std::vector<Result> RunChecks(
    const std::string& path,
    const std::map<std::string, std::string>& settings);

}  // namespace assay::conformance

#endif  // ASSAY_HARNESS_ABI_CONFORMANCE_CHECKS_H_
