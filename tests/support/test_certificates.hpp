#pragma once

#include "support/temp_folder.hpp"

#include <memory>
#include <string>
#include <vector>

struct evp_pkey_st;
struct x509_st;

namespace camspan::test {

/// An authority made for one test, and the certificates it issues: PEM files in a folder that goes with the object.
/// EC P-256 throughout; each call makes a new key. Throws std::runtime_error when OpenSSL refuses.
class TestCertificates {
 public:
  struct Pair {
    std::string cert_file;
    std::string key_file;
  };

  TestCertificates();
  ~TestCertificates();

  const TempFolder& folder() const { return folder_; }
  /// The authority's certificate: what those who verify trust.
  std::string ca_file() const { return folder_.file("ca.pem"); }

  /// Valid for each of `names`, which may be host names or addresses ("127.0.0.1", "::1").
  Pair server(const std::vector<std::string>& names);
  /// As server(), but it ended yesterday.
  Pair expired(const std::vector<std::string>& names);
  /// For a client: `common_name` is the device id where a hub takes certificates from devices.
  Pair client(const std::string& common_name);

 private:
  struct Request;
  using Key = std::shared_ptr<evp_pkey_st>;
  using Certificate = std::shared_ptr<x509_st>;

  Certificate make(const Request& request, const Key& key) const;
  Pair issue(const Request& request);

  TempFolder folder_;
  Key ca_key_;
  Certificate ca_;
  int issued_ = 0;
};

}  // namespace camspan::test
