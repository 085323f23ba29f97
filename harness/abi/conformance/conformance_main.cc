// conformance_main MODULE.so [KEY=VALUE ...]
//
// Runs every check of the conformance kit over a plugin and prints one line
// each. The settings are given to methods that know them, to make a run short.
// Exit code: 0 all passed, 1 some failed, 64 wrong usage.
#include <cstdio>
#include <map>
#include <string>

#include "harness/abi/conformance/checks.h"

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: %s MODULE.so [KEY=VALUE ...]\n", argv[0]);
    return 64;
  }
  std::map<std::string, std::string> settings;
  for (int i = 2; i < argc; ++i) {
    const std::string setting = argv[i];
    const size_t equals = setting.find('=');
    if (equals == std::string::npos) {
      std::fprintf(stderr, "expected KEY=VALUE, got %s\n", argv[i]);
      return 64;
    }
    settings[setting.substr(0, equals)] = setting.substr(equals + 1);
  }
  int failed = 0;
  for (const auto& result : assay::conformance::RunChecks(argv[1], settings)) {
    if (result.wrong.empty()) {
      std::printf("pass  %s\n", result.name.c_str());
    } else {
      ++failed;
      std::printf("FAIL  %s: %s\n", result.name.c_str(), result.wrong.c_str());
    }
  }
  return failed == 0 ? 0 : 1;
}
