#include "datasets/fetch/fetch.h"

#include <cstdlib>
#include <string>

#include "datasets/data_files.h"
#include "datasets/fetch/test_server.h"
#include "datasets/fetch/test_tar.h"
#include "datasets/formats/gzip.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/core/file.h"
#include "harness/core/hash.h"

namespace assay {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// A data set of two files that the server has.
class FetchTest : public testing::Test {
 protected:
  FetchTest() {
    EXPECT_EQ(std::system(("rm -rf '" + dir_ + "'").c_str()), 0);
    server_.files = {{"/one", "1"}, {"/two", "22"}};
    info_.name = "toy";
    info_.folder = "toy-data";
    info_.files = {{"a/one", 1, Sha256Hex("1"), server_.Url("/one")},
                   {"two", 2, Sha256Hex("22"), server_.Url("/two")}};
  }
  absl::Status Fetch(const std::string& mirror = "") {
    return FetchDataset(info_, dir_, mirror, {.show_progress = false});
  }
  const std::string dir_ = JoinPath(testing::TempDir(), "fetch_test");
  DatasetInfo info_;
  TestServer server_;
};

TEST_F(FetchTest, GetsAllFilesAndVerifiesThem) {
  ASSERT_TRUE(Fetch().ok());
  EXPECT_TRUE(VerifyDataset(info_, dir_).ok());
  EXPECT_EQ(*ReadFile(JoinPath(dir_, "toy-data/a/one")), "1");
}

TEST_F(FetchTest, SecondCallAsksForNothing) {
  ASSERT_TRUE(Fetch().ok());
  const size_t before = server_.Requests().size();
  ASSERT_TRUE(Fetch().ok());
  EXPECT_EQ(server_.Requests().size(), before);
}

TEST_F(FetchTest, OnlyTheDamagedFileIsFetched) {
  ASSERT_TRUE(WriteFileAtomically(JoinPath(dir_, "toy-data/a/one"), "1").ok());
  ASSERT_TRUE(WriteFileAtomically(JoinPath(dir_, "toy-data/two"), "23").ok());
  ASSERT_TRUE(Fetch().ok());
  EXPECT_THAT(server_.Requests(), ElementsAre("GET /two"));
}

TEST_F(FetchTest, MirrorReplacesTheUrls) {
  server_.files = {{"/m/toy-data/a/one", "1"}, {"/m/toy-data/two", "22"}};
  ASSERT_TRUE(Fetch(server_.Url("/m")).ok());
  EXPECT_THAT(server_.Requests(),
              ElementsAre("GET /m/toy-data/a/one", "GET /m/toy-data/two"));
}

TEST_F(FetchTest, MirrorMayBeAFolder) {
  const std::string mirror = JoinPath(dir_, "mirror");
  ASSERT_TRUE(
      WriteFileAtomically(JoinPath(mirror, "toy-data/a/one"), "1").ok());
  ASSERT_TRUE(WriteFileAtomically(JoinPath(mirror, "toy-data/two"), "22").ok());
  ASSERT_TRUE(Fetch("file://" + mirror).ok());
  EXPECT_TRUE(VerifyDataset(info_, dir_).ok());
  EXPECT_THAT(server_.Requests(), IsEmpty());
}

TEST_F(FetchTest, FileWithoutUrlOrArchiveIsNotFound) {
  info_.files[1].url = "";
  const absl::Status status = Fetch();
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(status.message()), HasSubstr("by hand"));
}

TEST_F(FetchTest, OtherContentIsDataLoss) {
  server_.files["/two"] = "33";
  EXPECT_EQ(Fetch().code(), absl::StatusCode::kDataLoss);
}

TEST_F(FetchTest, EmbeddedDataSetsNeedNothing) {
  info_.files.clear();
  EXPECT_TRUE(Fetch().ok());
  EXPECT_THAT(server_.Requests(), IsEmpty());
}

TEST_F(FetchTest, UnpacksArchivesAndRemovesThem) {
  info_.files = {{"in/", 5, Sha256Hex(Sha256Hex("hello") + "  a\n"), ""}};
  info_.archive = {server_.Url("/x/toy.tar.gz"), "", 4096, "top/in/", "in/"};
  server_.files = {
      {"/x/toy.tar.gz", Gzip(TarEntry("top/in/a", "hello") + TarEnd())}};
  ASSERT_TRUE(Fetch().ok()) << Fetch();
  EXPECT_EQ(*ReadFile(JoinPath(dir_, "toy-data/in/a")), "hello");
  EXPECT_THAT(*ListFolder(JoinPath(dir_, "toy-data")), ElementsAre("in"));
}

}  // namespace
}  // namespace assay
