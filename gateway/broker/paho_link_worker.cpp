// SPDX-License-Identifier: BSD-3-Clause
#include "gateway/broker/paho_link_worker.hpp"

#include <pthread.h>

#include <algorithm>
#include <utility>

#include "gateway/broker/paho_common.hpp"

namespace mqttsn::gateway {
namespace {

constexpr int kConnectTimeoutS = 10;
constexpr std::size_t kTlsTextMax = 512;
constexpr int kInFlightMax = 1000;  // the engine's window is smaller: Paho's own blocks for a second
constexpr std::uint32_t kNeverExpires = 0xFFFFFFFFU;  // what MQTT 3.1.1 means by clean session 0

}  // namespace

/// What Paho hands back in callbacks.
struct PahoLinkWorker::Handle {
    struct Request {
        Handle* handle = nullptr;
        std::uint32_t slot = 0;
        PahoMessage::Kind kind = PahoMessage::Kind::publish;
    };

    PahoLinkWorker* worker = nullptr;
    PahoKey key = 0;
    MQTTAsync paho = nullptr;
    std::deque<Request> requests;  ///< by slot; a slot is used again only after its answer
    std::mutex text_mutex;         ///< leaf
    std::string tls_text;

    PahoLinkEvent event(PahoLinkEvent::Kind kind) const {
        PahoLinkEvent event;
        event.kind = kind;
        event.key = key;
        return event;
    }
    std::string take_tls_text() {
        const std::lock_guard lock(text_mutex);
        return std::exchange(tls_text, {});
    }
};

/// Run on Paho's threads with Paho's global mutex held: copy, push, return.
struct PahoLinkCallbacks {
    using Handle = PahoLinkWorker::Handle;
    using Kind = PahoLinkEvent::Kind;
    static Handle& of(void* context) { return *static_cast<Handle*>(context); }
    static Handle::Request& request(void* context) { return *static_cast<Handle::Request*>(context); }

    static void simple(void* context, Kind kind, int code = 0) {
        PahoLinkEvent event = of(context).event(kind);
        event.code = code;
        of(context).worker->push(std::move(event));
    }
    static void opened(void* context, bool session_present, std::uint32_t receive_maximum) {
        PahoLinkEvent event = of(context).event(Kind::opened);
        event.session_present = session_present;
        event.receive_maximum = static_cast<std::uint16_t>(receive_maximum);
        of(context).worker->push(std::move(event));
    }
    static void open_failed(void* context, int code, const char* text) {
        PahoLinkEvent event = of(context).event(Kind::open_failed);
        event.code = code;
        event.detail = of(context).take_tls_text();
        if (event.detail.empty() && text != nullptr) {
            event.detail = text;
        }
        of(context).worker->push(std::move(event));
    }
    static void done(void* context, int granted) {
        const Handle::Request& what = request(context);
        PahoLinkEvent event = what.handle->event(Kind::done);
        event.slot = what.slot;
        event.code = what.kind == PahoMessage::Kind::subscribe ? granted : 0;
        what.handle->worker->push(std::move(event));
    }
    static void failed(void* context, int code, int reason) {
        const Handle::Request& what = request(context);
        PahoLinkEvent event = what.handle->event(Kind::failed);
        event.slot = what.slot;
        event.code = code;
        event.reason = code > 0 ? code : reason;  // SUBACK 0x80 of MQTT 3.1.1 comes as a positive code
        event.hopeless = cannot_be_sent(code);
        what.handle->worker->push(std::move(event));
    }

    // What Paho calls, one form for each MQTT version.
    static void on_opened3(void* context, MQTTAsync_successData* data) noexcept {
        opened(context, data != nullptr && data->alt.connect.sessionPresent != 0, 65535);
    }
    static void on_opened5(void* context, MQTTAsync_successData5* data) noexcept {
        if (data == nullptr) {
            return opened(context, false, 65535);
        }
        opened(context, data->alt.connect.sessionPresent != 0,
               property_or(data->properties, MQTTPROPERTY_CODE_RECEIVE_MAXIMUM, 65535));
    }
    static void on_open_failed3(void* context, MQTTAsync_failureData* data) noexcept {
        open_failed(context, data != nullptr ? data->code : MQTTASYNC_FAILURE,
                    data != nullptr ? data->message : nullptr);
    }
    static void on_open_failed5(void* context, MQTTAsync_failureData5* data) noexcept {
        if (data == nullptr) {
            return open_failed(context, MQTTASYNC_FAILURE, nullptr);
        }
        const int reason = static_cast<int>(data->reasonCode);
        open_failed(context, reason > 0 ? reason : data->code, data->message);
    }
    static void on_lost(void* context, char*) noexcept { simple(context, Kind::lost); }
    static void on_server_disconnect(void* context, MQTTProperties*, enum MQTTReasonCodes code) noexcept {
        simple(context, Kind::server_said, static_cast<int>(code));
    }
    static void on_disconnected3(void* context, MQTTAsync_successData*) noexcept {
        simple(context, Kind::disconnected);
    }
    static void on_disconnected5(void* context, MQTTAsync_successData5*) noexcept {
        simple(context, Kind::disconnected);
    }
    static void on_disconnect_failed3(void* context, MQTTAsync_failureData*) noexcept {
        simple(context, Kind::disconnected);
    }
    static void on_disconnect_failed5(void* context, MQTTAsync_failureData5*) noexcept {
        simple(context, Kind::disconnected);
    }
    static void on_done3(void* context, MQTTAsync_successData* data) noexcept {
        const bool subscribe = request(context).kind == PahoMessage::Kind::subscribe;
        done(context, subscribe && data != nullptr ? data->alt.qos : 0);
    }
    static void on_done5(void* context, MQTTAsync_successData5* data) noexcept {
        done(context, data != nullptr ? static_cast<int>(data->reasonCode) : 0);
    }
    static void on_failed3(void* context, MQTTAsync_failureData* data) noexcept {
        failed(context, data != nullptr ? data->code : MQTTASYNC_FAILURE, 0);
    }
    static void on_failed5(void* context, MQTTAsync_failureData5* data) noexcept {
        failed(context, data != nullptr ? data->code : MQTTASYNC_FAILURE,
               data != nullptr ? static_cast<int>(data->reasonCode) : 0);
    }
    /// Waits for room in the mailbox, see arrival_gate.hpp. Returning 0 would make Paho offer it for ever.
    static int on_message(void* context, char* topic, int topic_size, MQTTAsync_message* message) noexcept {
        PahoLinkWorker& worker = *of(context).worker;
        PahoLinkEvent event = of(context).event(Kind::arrived);
        event.arrival = std::make_unique<PahoArrival>(copy_arrival(topic, topic_size, *message));
        MQTTAsync_freeMessage(&message);
        MQTTAsync_free(topic);
        if (worker.gate_.enter(event.arrival->size())) {
            worker.push(std::move(event));
        }
        return 1;
    }
    static int on_tls_text(const char* text, size_t size, void* context) noexcept {
        Handle& handle = of(context);
        const std::lock_guard lock(handle.text_mutex);
        handle.tls_text.append(text,
                               std::min(size, kTlsTextMax - std::min(kTlsTextMax, handle.tls_text.size())));
        return 1;
    }
};

PahoLinkWorker::PahoLinkWorker(PahoBroker broker, bool mqtt5, std::size_t mailbox_capacity,
                               std::function<void()> wake)
    : broker_(std::move(broker)), mqtt5_(mqtt5), mailbox_(mailbox_capacity, std::move(wake)) {}
PahoLinkWorker::~PahoLinkWorker() = default;

void PahoLinkWorker::run() {
    pthread_setname_np(pthread_self(), "paho-links");
    for (bool running = true; running;) {
        Order next;
        {
            std::unique_lock lock(orders_mutex_);
            orders_changed_.wait(lock, [this] { return !orders_.empty(); });
            next = std::move(orders_.front());
            orders_.pop_front();
        }
        const std::lock_guard calls(paho_calls());
        carry_out(next);
        running = next.kind != Order::Kind::end;
    }
}

void PahoLinkWorker::carry_out(const Order& order) {
    const auto found = handles_.find(order.key);
    switch (order.kind) {
        case Order::Kind::open:
            return do_open(order);
        case Order::Kind::send:
            return found != handles_.end() ? do_send(*found->second, order) : void();
        case Order::Kind::disconnect:
            return found != handles_.end() ? do_disconnect(*found->second, order.with_will) : void();
        case Order::Kind::destroy:
            return do_destroy(order.key);
        case Order::Kind::end:
            while (!handles_.empty()) {
                do_destroy(handles_.begin()->first);
            }
            push(PahoLinkEvent{});
    }
}

void PahoLinkWorker::order(Order order) {
    {
        const std::lock_guard lock(orders_mutex_);
        orders_.push_back(std::move(order));
    }
    orders_changed_.notify_one();
}

void PahoLinkWorker::open(PahoKey key, std::shared_ptr<const PahoConnect> connect) {
    order({Order::Kind::open, key, 0, false, std::move(connect), nullptr});
}
void PahoLinkWorker::send(PahoKey key, std::uint32_t slot, std::shared_ptr<const PahoMessage> message) {
    order({Order::Kind::send, key, slot, false, nullptr, std::move(message)});
}
void PahoLinkWorker::disconnect(PahoKey key, bool with_will) {
    order({Order::Kind::disconnect, key, 0, with_will, nullptr, nullptr});
}
void PahoLinkWorker::destroy(PahoKey key) {
    order({Order::Kind::destroy, key, 0, false, nullptr, nullptr});
}
void PahoLinkWorker::end() {
    order({Order::Kind::end, 0, 0, false, nullptr, nullptr});
}

void PahoLinkWorker::close_mailbox() {
    gate_.close();
    mailbox_.close();
}

void PahoLinkWorker::do_open(const Order& order) {
    auto owned = std::make_unique<Handle>();
    Handle& handle = *owned;
    handle.worker = this;
    handle.key = order.key;
    handles_.emplace(order.key, std::move(owned));
    int code = create(handle, *order.connect);
    if (code == MQTTASYNC_SUCCESS) {
        code = connect_handle(handle, *order.connect);
    }
    if (code != MQTTASYNC_SUCCESS) {
        PahoLinkCallbacks::open_failed(&handle, code, MQTTAsync_strerror(code));
    }
}

int PahoLinkWorker::create(Handle& handle, const PahoConnect& connect) const {
    MQTTAsync_createOptions options = MQTTAsync_createOptions_initializer;
    options.sendWhileDisconnected = 0;
    options.maxBufferedMessages = kInFlightMax;
    options.MQTTVersion = mqtt5_ ? MQTTVERSION_5 : MQTTVERSION_3_1_1;
    int code = MQTTAsync_createWithOptions(&handle.paho, paho_uri(broker_).c_str(), connect.client_id.c_str(),
                                           MQTTCLIENT_PERSISTENCE_NONE, nullptr, &options);
    if (code == MQTTASYNC_SUCCESS) {
        code = MQTTAsync_setCallbacks(handle.paho, &handle, &PahoLinkCallbacks::on_lost,
                                      &PahoLinkCallbacks::on_message, nullptr);
    }
    if (code == MQTTASYNC_SUCCESS && mqtt5_) {
        code = MQTTAsync_setDisconnected(handle.paho, &handle, &PahoLinkCallbacks::on_server_disconnect);
    }
    return code;
}

int PahoLinkWorker::connect_handle(Handle& handle, const PahoConnect& connect) const {
    MQTTAsync_willOptions will = MQTTAsync_willOptions_initializer;
    will.topicName = connect.will.topic.c_str();
    will.payload.len = static_cast<int>(connect.will.payload.size());
    will.payload.data =
        connect.will.payload.empty() ? "" : static_cast<const void*>(connect.will.payload.data());
    will.retained = connect.will.retain ? 1 : 0;
    will.qos = connect.will.qos;

    MQTTAsync_SSLOptions tls = MQTTAsync_SSLOptions_initializer;
    fill_tls_options(tls, broker_, &PahoLinkCallbacks::on_tls_text, &handle);

    MQTTAsync_connectOptions options = MQTTAsync_connectOptions_initializer;
    PahoProperties properties;
    if (mqtt5_) {
        options = MQTTAsync_connectOptions_initializer5;
        if (!connect.clean) {
            properties.add_integer4(MQTTPROPERTY_CODE_SESSION_EXPIRY_INTERVAL, kNeverExpires);
        }
        options.cleanstart = connect.clean ? 1 : 0;
        options.connectProperties = &properties.properties;
        options.onSuccess5 = &PahoLinkCallbacks::on_opened5;
        options.onFailure5 = &PahoLinkCallbacks::on_open_failed5;
    } else {
        options.MQTTVersion = MQTTVERSION_3_1_1;
        options.cleansession = connect.clean ? 1 : 0;
        options.onSuccess = &PahoLinkCallbacks::on_opened3;
        options.onFailure = &PahoLinkCallbacks::on_open_failed3;
    }
    options.context = &handle;
    options.keepAliveInterval = connect.keep_alive_s;
    options.connectTimeout = kConnectTimeoutS;
    options.maxInflight = kInFlightMax;
    options.automaticReconnect = 0;
    options.username = connect.has_username ? connect.username.c_str() : nullptr;
    if (connect.has_password) {
        options.binarypwd.data = connect.password.data();
        options.binarypwd.len = static_cast<int>(connect.password.size());
    }
    options.will = connect.has_will ? &will : nullptr;
    options.ssl = broker_.tls ? &tls : nullptr;
    return MQTTAsync_connect(handle.paho, &options);
}

void PahoLinkWorker::do_send(Handle& handle, const Order& order) {
    while (handle.requests.size() <= order.slot) {
        handle.requests.push_back({&handle, static_cast<std::uint32_t>(handle.requests.size())});
    }
    Handle::Request& request = handle.requests[order.slot];
    request.kind = order.message->kind;
    MQTTAsync_responseOptions options = MQTTAsync_responseOptions_initializer;
    options.context = &request;
    if (mqtt5_) {
        options.onSuccess5 = &PahoLinkCallbacks::on_done5;
        options.onFailure5 = &PahoLinkCallbacks::on_failed5;
    } else {
        options.onSuccess = &PahoLinkCallbacks::on_done3;
        options.onFailure = &PahoLinkCallbacks::on_failed3;
    }
    const int code = hand_over(handle.paho, mqtt5_, *order.message, options);
    if (code != MQTTASYNC_SUCCESS) {
        PahoLinkCallbacks::failed(&request, code, 0);
    }
}

void PahoLinkWorker::do_disconnect(Handle& handle, bool with_will) {
    MQTTAsync_disconnectOptions options = MQTTAsync_disconnectOptions_initializer;
    if (mqtt5_) {
        options = MQTTAsync_disconnectOptions_initializer5;
        options.reasonCode =
            with_will ? MQTTREASONCODE_DISCONNECT_WITH_WILL_MESSAGE : MQTTREASONCODE_NORMAL_DISCONNECTION;
        options.onSuccess5 = &PahoLinkCallbacks::on_disconnected5;
        options.onFailure5 = &PahoLinkCallbacks::on_disconnect_failed5;
    } else {
        options.onSuccess = &PahoLinkCallbacks::on_disconnected3;
        options.onFailure = &PahoLinkCallbacks::on_disconnect_failed3;
    }
    options.timeout = 0;  // Paho looks at a longer one only every three seconds
    options.context = &handle;
    if (MQTTAsync_disconnect(handle.paho, &options) != MQTTASYNC_SUCCESS) {
        PahoLinkCallbacks::simple(&handle, PahoLinkEvent::Kind::disconnected);
    }
}

void PahoLinkWorker::do_destroy(PahoKey key) {
    PahoLinkEvent event;
    event.kind = PahoLinkEvent::Kind::destroyed;
    event.key = key;
    if (const auto found = handles_.find(key); found != handles_.end()) {
        if (found->second->paho != nullptr) {
            MQTTAsync_destroy(&found->second->paho);
        }
        handles_.erase(found);
    }
    push(std::move(event));
}

}  // namespace mqttsn::gateway
