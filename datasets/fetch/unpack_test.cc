#include "datasets/fetch/unpack.h"

#include <cstdio>
#include <cstdlib>
#include <string>

#include "datasets/fetch/test_tar.h"
#include "datasets/formats/gzip.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/core/file.h"
#include "harness/core/random.h"

namespace assay {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class UnpackTest : public testing::Test {
 protected:
  UnpackTest() { EXPECT_EQ(std::system(("rm -rf '" + dir_ + "'").c_str()), 0); }
  absl::Status UnpackBytes(const std::string& bytes, const std::string& take) {
    const std::string archive = JoinPath(dir_, "a.tar.gz");
    EXPECT_TRUE(WriteFileAtomically(archive, bytes).ok());
    return UnpackTarGz(archive, take, JoinPath(dir_, "out"));
  }
  absl::Status Unpack(const std::string& tar, const std::string& take) {
    return UnpackBytes(Gzip(tar), take);
  }
  std::string Read(const std::string& name) {
    return ReadFile(JoinPath(dir_, "out/" + name)).value_or("absent");
  }
  const std::string dir_ = JoinPath(testing::TempDir(), "unpack_test");
};

TEST_F(UnpackTest, TakesFilesBelowTheFolderAsked) {
  const std::string big(3000, 'b');
  ASSERT_TRUE(Unpack(TarEntry("top/", "", '5') + TarEntry("top/readme", "no") +
                         TarEntry("top/data/a", "hello") +
                         TarEntry("top/data/in/b", big) +
                         TarEntry("top/data/link", "", '2') + TarEnd(),
                     "top/data/")
                  .ok());
  EXPECT_EQ(Read("a"), "hello");
  EXPECT_EQ(Read("in/b"), big);
  EXPECT_THAT(*ListFolder(JoinPath(dir_, "out")), ElementsAre("a", "in"));
}

TEST_F(UnpackTest, NothingTakenIsNotFound) {
  EXPECT_EQ(Unpack(TarEntry("a", "1") + TarEnd(), "b/").code(),
            absl::StatusCode::kNotFound);
  EXPECT_EQ(UnpackTarGz("no/such", "", dir_).code(),
            absl::StatusCode::kNotFound);
}

TEST_F(UnpackTest, NamesThatLeaveTheFolderAreRefused) {
  for (const char* name : {"d/../../evil", "d//evil", "d/.."}) {
    const absl::Status status = Unpack(TarEntry(name, "x") + TarEnd(), "d/");
    EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss) << name;
    EXPECT_THAT(std::string(status.message()),
                HasSubstr("byte 0: expected a name inside the folder"));
  }
  EXPECT_FALSE(FileExists(JoinPath(dir_, "evil")));
}

TEST_F(UnpackTest, DamagedHeaderIsNamedByItsByte) {
  std::string tar = TarEntry("d/a", "hello") + TarEntry("d/b", "x") + TarEnd();
  tar[1024] = 'X';  // the name of the second entry
  EXPECT_THAT(std::string(Unpack(tar, "d/").message()),
              HasSubstr("a.tar.gz: byte 1172: expected tar checksum "));
}

TEST_F(UnpackTest, EveryTruncationIsDataLoss) {
  const std::string tar = TarEntry("d/a", "hello") + TarEnd();
  for (size_t n = 0; n < 1024; n += 64) {
    EXPECT_EQ(Unpack(tar.substr(0, n), "d/").code(),
              absl::StatusCode::kDataLoss)
        << n;
  }
  RandomStream stream(1, "unpack_test");
  std::string noise(20000, '\0');
  for (char& c : noise) c = static_cast<char>(stream.Below(256));
  const std::string packed = Gzip(TarEntry("d/a", noise) + TarEnd());
  for (size_t n = 20; n < packed.size(); n += 1000) {
    EXPECT_EQ(UnpackBytes(packed.substr(0, n), "d/").code(),
              absl::StatusCode::kDataLoss)
        << n;
  }
}

TEST_F(UnpackTest, ImpossibleSizesAreRefused) {
  std::string entry = TarEntry("d/a", "");
  entry.replace(124, 11, "77777777777");  // 8 GiB
  SetTarChecksum(&entry);
  EXPECT_THAT(std::string(Unpack(entry + TarEnd(), "d/").message()),
              HasSubstr("byte 124: expected a size up to 1073741824"));
}

}  // namespace
}  // namespace assay
