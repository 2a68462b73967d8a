// SPDX-License-Identifier: BSD-3-Clause
//
// Certificates for tests, made when they are needed: a CA and certificates of it, as PEM files. Programs that
// include this link OpenSSL::Crypto. Functions return false when something did not work (nothing in a test is
// owed an explanation of that); no state.
#ifndef TESTS_SUPPORT_CERTIFICATES_HPP
#define TESTS_SUPPORT_CERTIFICATES_HPP

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <cstdio>
#include <memory>
#include <string>

namespace test {

struct CertificateOptions {
    std::string name = "localhost";              ///< common name
    std::string alternatives = "DNS:localhost";  ///< "DNS:localhost,IP:127.0.0.1"; empty = none
    int valid_from_s = -3600;                    ///< seconds from now
    int valid_until_s = 24 * 3600;
};

namespace detail {

struct Free {
    void operator()(EVP_PKEY* p) const { EVP_PKEY_free(p); }
    void operator()(X509* p) const { X509_free(p); }
    void operator()(X509_EXTENSION* p) const { X509_EXTENSION_free(p); }
    void operator()(std::FILE* p) const { std::fclose(p); }
};
using Key = std::unique_ptr<EVP_PKEY, Free>;
using Certificate = std::unique_ptr<X509, Free>;
using File = std::unique_ptr<std::FILE, Free>;

inline bool add_extension(X509* certificate, int nid, const std::string& value) {
    const std::unique_ptr<X509_EXTENSION, Free> extension(
        X509V3_EXT_conf_nid(nullptr, nullptr, nid, value.c_str()));
    return extension != nullptr && X509_add_ext(certificate, extension.get(), -1) == 1;
}

inline Certificate make(const CertificateOptions& options, EVP_PKEY* key, X509* issuer,
                        EVP_PKEY* issuer_key) {
    static long serial = 1;
    Certificate certificate(X509_new());
    X509_set_version(certificate.get(), 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), serial++);
    X509_gmtime_adj(X509_getm_notBefore(certificate.get()), options.valid_from_s);
    X509_gmtime_adj(X509_getm_notAfter(certificate.get()), options.valid_until_s);
    X509_NAME* name = X509_get_subject_name(certificate.get());
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
                               reinterpret_cast<const unsigned char*>(options.name.c_str()), -1, -1, 0);
    X509_set_issuer_name(certificate.get(), issuer != nullptr ? X509_get_subject_name(issuer) : name);
    X509_set_pubkey(certificate.get(), key);
    const bool ok = add_extension(certificate.get(), NID_basic_constraints,
                                  issuer == nullptr ? "critical,CA:TRUE" : "CA:FALSE") &&
                    (issuer == nullptr || options.alternatives.empty() ||
                     add_extension(certificate.get(), NID_subject_alt_name, options.alternatives)) &&
                    X509_sign(certificate.get(), issuer != nullptr ? issuer_key : key, EVP_sha256()) > 0;
    return ok ? std::move(certificate) : nullptr;
}

inline bool write(const std::string& path, X509* certificate, EVP_PKEY* key) {
    const File certificate_file(std::fopen((path + ".crt").c_str(), "w"));
    const File key_file(std::fopen((path + ".key").c_str(), "w"));
    return certificate_file != nullptr && key_file != nullptr && certificate != nullptr &&
           PEM_write_X509(certificate_file.get(), certificate) == 1 &&
           PEM_write_PrivateKey(key_file.get(), key, nullptr, nullptr, 0, nullptr, nullptr) == 1;
}

}  // namespace detail

class CertificateAuthority {
  public:
    /// Writes `path`.crt and `path`.key.
    [[nodiscard]] bool create(const std::string& path, const std::string& name) {
        CertificateOptions options;
        options.name = name;
        key_.reset(EVP_EC_gen("P-256"));
        certificate_ = key_ != nullptr ? detail::make(options, key_.get(), nullptr, nullptr) : nullptr;
        return detail::write(path, certificate_.get(), key_.get());
    }

    /// Writes `path`.crt and `path`.key: a certificate of this CA.
    [[nodiscard]] bool issue(const std::string& path, const CertificateOptions& options) const {
        const detail::Key key(EVP_EC_gen("P-256"));
        const detail::Certificate certificate =
            key != nullptr ? detail::make(options, key.get(), certificate_.get(), key_.get()) : nullptr;
        return detail::write(path, certificate.get(), key.get());
    }

  private:
    detail::Key key_;
    detail::Certificate certificate_;
};

}  // namespace test

#endif
