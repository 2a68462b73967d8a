// SPDX-License-Identifier: BSD-3-Clause
#include "gateway/broker/tls_stream.hpp"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <algorithm>

namespace mqttsn::gateway {
namespace {

/// The oldest error in OpenSSL's queue of this thread, in words, and empties the queue.
std::string take_openssl_error(const char* otherwise) {
    const unsigned long code = ERR_get_error();
    ERR_clear_error();
    if (code == 0) {
        return otherwise;
    }
    if (ERR_SYSTEM_ERROR(code)) {
        char text[256];
        ERR_error_string_n(code, text, sizeof text);
        const std::string whole = text;
        return whole.substr(whole.rfind(':') + 1);
    }
    const char* reason = ERR_reason_error_string(code);
    return reason != nullptr ? reason : otherwise;
}

/// A daemon has nobody to ask for a passphrase; without this OpenSSL would ask on the terminal and wait.
int no_passphrase(char* /*buffer*/, int /*size*/, int /*writing*/, void* /*unused*/) {
    return -1;
}

bool load_trust(SSL_CTX* context, const std::string& ca_file, std::string& error) {
    if (ca_file.empty()) {
        if (SSL_CTX_set_default_verify_paths(context) != 1) {
            error = "cannot use the system's certificates: " + take_openssl_error("unknown reason");
            return false;
        }
        return true;
    }
    if (SSL_CTX_load_verify_file(context, ca_file.c_str()) != 1) {
        error = "cannot read broker.ca_file " + ca_file + ": " + take_openssl_error("no certificate in it");
        return false;
    }
    return true;
}

bool load_identity(SSL_CTX* context, const TlsFiles& files, std::string& error) {
    if (files.cert_file.empty()) {
        if (!files.key_file.empty()) {
            error = "broker.key_file is set, but broker.cert_file is not";
            return false;
        }
        return true;
    }
    if (SSL_CTX_use_certificate_chain_file(context, files.cert_file.c_str()) != 1) {
        error = "cannot read broker.cert_file " + files.cert_file + ": " +
                take_openssl_error("no certificate in it");
        return false;
    }
    const std::string& key = files.key_file.empty() ? files.cert_file : files.key_file;
    if (SSL_CTX_use_PrivateKey_file(context, key.c_str(), SSL_FILETYPE_PEM) != 1) {
        error = "cannot read broker.key_file " + key + ": " + take_openssl_error("no unencrypted key in it");
        return false;
    }
    if (SSL_CTX_check_private_key(context) != 1) {
        error = "the key in " + key + " does not belong to the certificate in " + files.cert_file;
        ERR_clear_error();
        return false;
    }
    return true;
}

/// What the operator can do about a certificate that was not accepted.
std::string advice(long verify_result, const std::string& host) {
    switch (verify_result) {
        case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
        case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
        case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
        case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
        case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
            return "; set broker.ca_file to the certificate of the broker's CA";
        case X509_V_ERR_HOSTNAME_MISMATCH:
        case X509_V_ERR_IP_ADDRESS_MISMATCH:
            return "; the certificate is not for '" + host + "', use the name it is for in broker.url";
        case X509_V_ERR_CERT_NOT_YET_VALID:
            return "; check the clock of this machine";
        default:
            return "";
    }
}

}  // namespace

std::unique_ptr<TlsContext> TlsContext::create(const TlsFiles& files, std::string& error) {
    ERR_clear_error();
    std::unique_ptr<TlsContext> self(new TlsContext);
    self->context_ = SSL_CTX_new(TLS_client_method());
    if (self->context_ == nullptr) {
        error = "OpenSSL does not start: " + take_openssl_error("unknown reason");
        return nullptr;
    }
    SSL_CTX* context = self->context_;
    SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
    SSL_CTX_set_default_passwd_cb(context, no_passphrase);
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);  // an idle connection keeps no 16 KiB records
    if (!load_trust(context, files.ca_file, error) || !load_identity(context, files, error)) {
        return nullptr;
    }
    return self;
}

TlsContext::~TlsContext() {
    SSL_CTX_free(context_);
}

TlsStream::TlsStream(const TlsContext& context, const std::string& host, bool host_is_address) : host_(host) {
    ERR_clear_error();
    ssl_ = SSL_new(context.native());
    from_network_ = BIO_new(BIO_s_mem());
    to_network_ = BIO_new(BIO_s_mem());
    if (ssl_ == nullptr || from_network_ == nullptr || to_network_ == nullptr) {
        BIO_free(from_network_);
        BIO_free(to_network_);
        from_network_ = to_network_ = nullptr;
        state_ = State::failed;
        error_ = "OpenSSL has no memory";
        return;
    }
    SSL_set_bio(ssl_, from_network_, to_network_);
    SSL_set_connect_state(ssl_);
    bool ok = false;
    if (host_is_address) {
        const std::string address = host.substr(0, host.find('%'));  // certificates know no zones
        ok = X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl_), address.c_str()) == 1;
    } else {
        std::string name = host.back() == '.' ? host.substr(0, host.size() - 1) : host;
        SSL_set_hostflags(ssl_, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
        // SSL_set_tlsext_host_name() without the C cast of that macro.
        ok = SSL_set1_host(ssl_, name.c_str()) == 1 &&
             SSL_ctrl(ssl_, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, name.data()) == 1;
    }
    if (!ok) {
        // Never go on without the check.
        state_ = State::failed;
        error_ = "cannot check certificates for the host '" + host + "'";
    }
}

TlsStream::~TlsStream() {
    SSL_free(ssl_);
}

void TlsStream::note_failure(int result) {
    switch (SSL_get_error(ssl_, result)) {
        case SSL_ERROR_WANT_READ:
        case SSL_ERROR_WANT_WRITE:
            return;
        case SSL_ERROR_ZERO_RETURN:
            state_ = State::closed;
            return;
        default:
            break;
    }
    const bool greeting = state_ == State::handshaking;
    state_ = State::failed;
    const long verify = SSL_get_verify_result(ssl_);
    if (greeting && verify != X509_V_OK) {
        error_ = std::string("certificate verify failed: ") + X509_verify_cert_error_string(verify) +
                 advice(verify, host_);
        ERR_clear_error();
        return;
    }
    const std::string reason = take_openssl_error("unexpected end");
    error_ = (greeting ? "TLS handshake failed: " : "TLS failed: ") + reason;
    if (reason == "wrong version number") {
        error_ += " (is this a port without TLS?)";
    }
}

void TlsStream::handshake() {
    const int result = SSL_do_handshake(ssl_);
    if (result == 1) {
        state_ = State::ready;
    } else {
        note_failure(result);
    }
}

void TlsStream::drain(std::vector<std::uint8_t>& to_network) {
    char* data = nullptr;
    const long size = BIO_get_mem_data(to_network_, &data);
    if (size > 0) {
        to_network.insert(to_network.end(), data, data + size);
        static_cast<void>(BIO_reset(to_network_));
    }
}

TlsStream::State TlsStream::feed(Bytes from_network, std::vector<std::uint8_t>& to_network) {
    if (state_ == State::failed || state_ == State::closed) {
        return state_;
    }
    ERR_clear_error();
    if (!from_network.empty() && BIO_write(from_network_, from_network.data,
                                           static_cast<int>(std::min(from_network.size, kFeedMax))) <= 0) {
        state_ = State::failed;
        error_ = "OpenSSL has no memory";
        return state_;
    }
    if (state_ == State::handshaking) {
        handshake();
    }
    drain(to_network);
    return state_;
}

std::size_t TlsStream::read(std::uint8_t* buffer, std::size_t size, std::vector<std::uint8_t>& to_network) {
    if (state_ != State::ready) {
        return 0;
    }
    ERR_clear_error();
    std::size_t count = 0;
    const int result = SSL_read_ex(ssl_, buffer, size, &count);
    if (result != 1) {
        count = 0;
        note_failure(result);
    }
    drain(to_network);  // key updates and alerts
    return count;
}

bool TlsStream::write(Bytes plain, std::vector<std::uint8_t>& to_network) {
    if (state_ != State::ready) {
        return false;
    }
    ERR_clear_error();
    while (!plain.empty()) {
        // One record at a time keeps OpenSSL's memory BIO small; it never shrinks again.
        const std::size_t piece = std::min(plain.size, kFeedMax);
        std::size_t written = 0;
        const int result = SSL_write_ex(ssl_, plain.data, piece, &written);
        if (result != 1) {
            note_failure(result);
            if (state_ ==
                State::ready) {  // cannot happen: a memory BIO takes everything and renegotiation is off
                state_ = State::failed;
                error_ = "TLS failed: cannot write";
            }
            return false;
        }
        drain(to_network);
        plain = Bytes{plain.data + written, plain.size - written};
    }
    return true;
}

void TlsStream::close_notify(std::vector<std::uint8_t>& to_network) {
    if (state_ == State::ready || state_ == State::closed) {
        ERR_clear_error();
        SSL_shutdown(ssl_);
        drain(to_network);
    }
}

}  // namespace mqttsn::gateway
