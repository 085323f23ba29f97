#include "harness/host/provenance.h"

#include <stdlib.h>

#include <map>
#include <string>

#include "gtest/gtest.h"
#include "harness/core/hash.h"

namespace assay {
namespace {

TEST(ProvenanceTest, NamesTheBuild) {
  const Provenance provenance = CollectProvenance("/proc/self/exe");
  EXPECT_FALSE(provenance.compiler().empty());
  EXPECT_FALSE(provenance.assay_version().empty());
  EXPECT_EQ(provenance.assay_revision(), "unstamped");  // as tests are
  EXPECT_EQ(provenance.binary_sha256(), *Sha256OfFile("/proc/self/exe"));
  std::map<std::string, std::string> libraries;
  for (const KeyValue& library : provenance.libraries()) {
    libraries[library.key()] = library.value();
  }
  EXPECT_EQ(libraries.count("protobuf"), 1u);
  EXPECT_FALSE(libraries["glibc"].empty());
  EXPECT_FALSE(provenance.kernel().empty());
  EXPECT_GT(provenance.affinity_size(), 0);
  EXPECT_EQ(provenance.machine_fingerprint().size(), 64u);
}

TEST(ProvenanceTest, KeepsVariablesThatChangeResultsAlone) {
  setenv("OMP_NUM_THREADS", "2", 1);
  setenv("SECRET_TOKEN", "x", 1);
  std::map<std::string, std::string> kept;
  const Provenance provenance = CollectProvenance("/proc/self/exe");
  for (const KeyValue& variable : provenance.environment()) {
    kept[variable.key()] = variable.value();
  }
  EXPECT_EQ(kept["OMP_NUM_THREADS"], "2");
  EXPECT_EQ(kept.count("SECRET_TOKEN"), 0u);
}

TEST(ProvenanceTest, AnAbsentExecutableHasNoHash) {
  EXPECT_EQ(CollectProvenance("/absent").binary_sha256(), "");
}

}  // namespace
}  // namespace assay
