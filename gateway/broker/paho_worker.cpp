// SPDX-License-Identifier: BSD-3-Clause
#include "gateway/broker/paho_worker.hpp"

#include <pthread.h>

#include <algorithm>
#include <utility>

#include "gateway/broker/paho_common.hpp"
#include "gateway/broker/paho_explain.hpp"

namespace mqttsn::gateway {
namespace {

constexpr int kConnectTimeoutS = 10;
constexpr std::size_t kTlsTextMax = 512;
constexpr char kOffline[] = "offline";

}  // namespace

/// Run on Paho's threads with Paho's global mutex held: copy, push, return.
struct PahoCallbacks {
    static PahoWorker::Handle& handle(void* context) { return *static_cast<PahoWorker::Handle*>(context); }
    static PahoWorker::Request& request(void* context) { return *static_cast<PahoWorker::Request*>(context); }

    static void connect_failed(void* context, int code, const char* message) {
        PahoWorker::Handle& of = handle(context);
        PahoEvent event;
        event.kind = PahoEvent::Kind::connect_failed;
        event.mqtt5 = of.mqtt5;
        event.code = code;
        event.detail = of.worker->take_tls_text();
        event.during_tls = !event.detail.empty();
        if (event.detail.empty() && message != nullptr) {
            event.detail = message;
        }
        of.worker->push(std::move(event));
    }
    static void connected(void* context, bool session_present, const MQTTProperties* properties) {
        PahoWorker::Handle& of = handle(context);
        PahoEvent event;
        event.kind = PahoEvent::Kind::connected;
        event.mqtt5 = of.mqtt5;
        event.session_present = session_present;
        event.subscription_ids_available = of.mqtt5;
        if (properties != nullptr) {
            const MQTTProperties& p = *properties;
            event.receive_maximum =
                static_cast<std::uint16_t>(property_or(p, MQTTPROPERTY_CODE_RECEIVE_MAXIMUM, 65535));
            event.qos_max = static_cast<std::uint8_t>(property_or(p, MQTTPROPERTY_CODE_MAXIMUM_QOS, 2));
            event.retain_available = property_or(p, MQTTPROPERTY_CODE_RETAIN_AVAILABLE, 1) != 0;
            event.packet_max = property_or(p, MQTTPROPERTY_CODE_MAXIMUM_PACKET_SIZE, 0);
            event.subscription_ids_available =
                property_or(p, MQTTPROPERTY_CODE_SUBSCRIPTION_IDENTIFIERS_AVAILABLE, 1) != 0;
        }
        of.worker->take_tls_text();
        of.worker->push(std::move(event));
    }
    static void sent(void* context, int granted) {
        const PahoWorker::Request& of = request(context);
        PahoEvent event;
        event.kind = PahoEvent::Kind::sent;
        event.slot = of.slot;
        event.code = granted;
        of.worker->push(std::move(event));
    }
    static void send_failed(void* context, int code, int reason) {
        const PahoWorker::Request& of = request(context);
        PahoEvent event;
        event.kind = PahoEvent::Kind::send_failed;
        event.slot = of.slot;
        event.code = code;
        event.hopeless = cannot_be_sent(code);
        event.reason = reason;
        of.worker->push(std::move(event));
    }
    static void simple(void* context, PahoEvent::Kind kind, int code = 0) {
        const PahoWorker::Handle& of = handle(context);
        PahoEvent event;
        event.kind = kind;
        event.mqtt5 = of.mqtt5;
        event.code = code;
        of.worker->push(std::move(event));
    }

    // What Paho calls, one form for each MQTT version.
    static void on_connected3(void* context, MQTTAsync_successData* data) noexcept {
        connected(context, data != nullptr && data->alt.connect.sessionPresent != 0, nullptr);
    }
    static void on_connected5(void* context, MQTTAsync_successData5* data) noexcept {
        connected(context, data != nullptr && data->alt.connect.sessionPresent != 0,
                  data != nullptr ? &data->properties : nullptr);
    }
    static void on_connect_failed3(void* context, MQTTAsync_failureData* data) noexcept {
        connect_failed(context, data != nullptr ? data->code : MQTTASYNC_FAILURE,
                       data != nullptr ? data->message : nullptr);
    }
    static void on_connect_failed5(void* context, MQTTAsync_failureData5* data) noexcept {
        if (data == nullptr) {
            connect_failed(context, MQTTASYNC_FAILURE, nullptr);
            return;
        }
        const int reason = static_cast<int>(data->reasonCode);
        connect_failed(context, reason > 0 ? reason : data->code, data->message);
    }
    static void on_lost(void* context, char*) noexcept { simple(context, PahoEvent::Kind::lost); }
    static void on_server_disconnect(void* context, MQTTProperties*, enum MQTTReasonCodes code) noexcept {
        simple(context, PahoEvent::Kind::server_said, static_cast<int>(code));
    }
    static void on_disconnected3(void* context, MQTTAsync_successData*) noexcept {
        simple(context, PahoEvent::Kind::disconnected);
    }
    static void on_disconnected5(void* context, MQTTAsync_successData5*) noexcept {
        simple(context, PahoEvent::Kind::disconnected);
    }
    static void on_disconnect_failed3(void* context, MQTTAsync_failureData*) noexcept {
        simple(context, PahoEvent::Kind::disconnected);
    }
    static void on_disconnect_failed5(void* context, MQTTAsync_failureData5*) noexcept {
        simple(context, PahoEvent::Kind::disconnected);
    }
    static bool subscribed(void* context) { return request(context).kind == PahoMessage::Kind::subscribe; }
    static void on_sent3(void* context, MQTTAsync_successData* data) noexcept {
        sent(context, subscribed(context) && data != nullptr ? data->alt.qos : 0);
    }
    static void on_sent5(void* context, MQTTAsync_successData5* data) noexcept {
        sent(context, subscribed(context) && data != nullptr ? static_cast<int>(data->reasonCode) : 0);
    }
    static void on_send_failed3(void* context, MQTTAsync_failureData* data) noexcept {
        const int code = data != nullptr ? data->code : MQTTASYNC_FAILURE;
        send_failed(context, code, code > 0 ? code : 0);  // SUBACK 0x80 comes as a positive code
    }
    static void on_send_failed5(void* context, MQTTAsync_failureData5* data) noexcept {
        send_failed(context, data != nullptr ? data->code : MQTTASYNC_FAILURE,
                    data != nullptr ? static_cast<int>(data->reasonCode) : 0);
    }
    /// Paho acknowledges when this returns, whatever it returns; 0 would make it offer the message for ever.
    /// So a PUBLISH without room waits here.
    static int on_message(void* context, char* topic, int topic_size, MQTTAsync_message* message) noexcept {
        PahoWorker& worker = *handle(context).worker;
        PahoEvent event;
        event.kind = PahoEvent::Kind::arrived;
        event.mqtt5 = handle(context).mqtt5;
        event.arrival = std::make_unique<PahoArrival>(copy_arrival(topic, topic_size, *message));
        MQTTAsync_freeMessage(&message);
        MQTTAsync_free(topic);
        if (worker.gate_.enter(event.arrival->size())) {
            worker.push(std::move(event));
        }
        return 1;
    }
    static int on_tls_text(const char* text, size_t size, void* context) noexcept {
        static_cast<PahoWorker*>(context)->add_tls_text(text, size);
        return 1;
    }
};

PahoWorker::PahoWorker(PahoSettings settings, std::function<void()> wake)
    : settings_(std::move(settings)), mailbox_(kMailboxCapacity, std::move(wake)) {
    for (std::size_t i = 0; i < handles_.size(); ++i) {
        handles_[i] = Handle{this, i == 1, nullptr};
    }
}

void PahoWorker::run() {
    pthread_setname_np(pthread_self(), "own-session");
    for (;;) {
        Order next;
        {
            std::unique_lock lock(orders_mutex_);
            orders_changed_.wait(lock, [this] { return !orders_.empty(); });
            next = std::move(orders_.front());
            orders_.pop_front();
        }
        if (next.kind == Order::Kind::probe) {
            PahoEvent event;
            event.kind = PahoEvent::Kind::probed;
            event.detail = probe_tcp(settings_.broker->host, settings_.broker->port);
            push(std::move(event));
            continue;
        }
        const std::lock_guard calls(paho_calls());
        switch (next.kind) {
            case Order::Kind::connect:
                do_connect(handle_of(next.mqtt5), next.forget);
                break;
            case Order::Kind::probe:
                break;
            case Order::Kind::send:
                do_send(next);
                break;
            case Order::Kind::disconnect:
                do_disconnect(handle_of(next.mqtt5), next.forget);
                break;
            case Order::Kind::end:
                do_end();
                return;
        }
    }
}

void PahoWorker::order(Order order) {
    {
        const std::lock_guard lock(orders_mutex_);
        if (order.kind == Order::Kind::end) {
            orders_.clear();
        }
        orders_.push_back(std::move(order));
    }
    orders_changed_.notify_one();
}

void PahoWorker::connect(bool mqtt5, bool clean) {
    order({Order::Kind::connect, mqtt5, clean, 0, nullptr});
}
void PahoWorker::probe() {
    order({Order::Kind::probe, false, false, 0, nullptr});
}
void PahoWorker::send(std::uint32_t slot, bool mqtt5, std::shared_ptr<const PahoMessage> message) {
    order({Order::Kind::send, mqtt5, false, slot, std::move(message)});
}
void PahoWorker::disconnect(bool mqtt5, bool forget) {
    order({Order::Kind::disconnect, mqtt5, forget, 0, nullptr});
}
void PahoWorker::end() {
    order({Order::Kind::end, false, false, 0, nullptr});
}

void PahoWorker::close_mailbox() {
    gate_.close();
    mailbox_.close();
}

int PahoWorker::create(Handle& handle) const {
    MQTTAsync_createOptions options = MQTTAsync_createOptions_initializer;
    options.sendWhileDisconnected = 0;  // the outbox is ours
    options.maxBufferedMessages = static_cast<int>(kSlotsMax) + 1;
    options.MQTTVersion = handle.mqtt5 ? MQTTVERSION_5 : MQTTVERSION_3_1_1;
    int code = MQTTAsync_createWithOptions(&handle.paho, paho_uri(*settings_.broker).c_str(),
                                           settings_.client_id.c_str(), MQTTCLIENT_PERSISTENCE_NONE, nullptr,
                                           &options);
    if (code == MQTTASYNC_SUCCESS) {
        code = MQTTAsync_setCallbacks(handle.paho, &handle, &PahoCallbacks::on_lost,
                                      &PahoCallbacks::on_message, nullptr);
    }
    if (code == MQTTASYNC_SUCCESS && handle.mqtt5) {
        code = MQTTAsync_setDisconnected(handle.paho, &handle, &PahoCallbacks::on_server_disconnect);
    }
    return code;
}

void PahoWorker::do_connect(Handle& handle, bool clean) {
    take_tls_text();
    if (handle.paho == nullptr) {
        if (const int code = create(handle); code != MQTTASYNC_SUCCESS) {
            PahoCallbacks::connect_failed(&handle, code, MQTTAsync_strerror(code));
            return;
        }
    }
    MQTTAsync_willOptions will = MQTTAsync_willOptions_initializer;
    will.topicName = settings_.will_topic.c_str();
    will.message = kOffline;
    will.retained = 1;
    will.qos = 1;

    MQTTAsync_SSLOptions tls = MQTTAsync_SSLOptions_initializer;
    fill_tls_options(tls, *settings_.broker, &PahoCallbacks::on_tls_text, this);

    MQTTAsync_connectOptions options = MQTTAsync_connectOptions_initializer;
    PahoProperties properties;
    if (settings_.session_expiry_s != 0) {
        properties.add_integer4(MQTTPROPERTY_CODE_SESSION_EXPIRY_INTERVAL, settings_.session_expiry_s);
    }
    if (handle.mqtt5) {
        options = MQTTAsync_connectOptions_initializer5;
        options.cleanstart = clean ? 1 : 0;
        options.connectProperties = &properties.properties;
        options.onSuccess5 = &PahoCallbacks::on_connected5;
        options.onFailure5 = &PahoCallbacks::on_connect_failed5;
    } else {
        options.MQTTVersion = MQTTVERSION_3_1_1;
        options.cleansession = clean ? 1 : 0;
        options.onSuccess = &PahoCallbacks::on_connected3;
        options.onFailure = &PahoCallbacks::on_connect_failed3;
    }
    options.context = &handle;
    options.keepAliveInterval = settings_.keep_alive_s;
    options.connectTimeout = kConnectTimeoutS;
    options.maxInflight =
        static_cast<int>(kSlotsMax) + 1;  // our window is smaller: Paho's own blocks for a second
    options.automaticReconnect = 0;
    options.username = settings_.username.empty() ? nullptr : settings_.username.c_str();
    if (!settings_.password.empty()) {
        options.binarypwd.data = settings_.password.data();
        options.binarypwd.len = static_cast<int>(settings_.password.size());
    }
    options.will = settings_.will_topic.empty() ? nullptr : &will;
    options.ssl = settings_.broker->tls ? &tls : nullptr;
    if (const int code = MQTTAsync_connect(handle.paho, &options); code != MQTTASYNC_SUCCESS) {
        PahoCallbacks::connect_failed(&handle, code, MQTTAsync_strerror(code));
    }
}

void PahoWorker::do_send(const Order& order) {
    while (requests_.size() <= order.slot) {
        requests_.push_back(Request{this, static_cast<std::uint32_t>(requests_.size())});
    }
    Request& request = requests_[order.slot];
    request.kind = order.message->kind;
    const Handle& handle = handle_of(order.mqtt5);
    MQTTAsync_responseOptions options = MQTTAsync_responseOptions_initializer;
    options.context = &request;
    if (order.mqtt5) {
        options.onSuccess5 = &PahoCallbacks::on_sent5;
        options.onFailure5 = &PahoCallbacks::on_send_failed5;
    } else {
        options.onSuccess = &PahoCallbacks::on_sent3;
        options.onFailure = &PahoCallbacks::on_send_failed3;
    }
    const int code = handle.paho == nullptr ? MQTTASYNC_DISCONNECTED
                                            : hand_over(handle.paho, order.mqtt5, *order.message, options);
    if (code != MQTTASYNC_SUCCESS) {
        PahoCallbacks::send_failed(&request, code, 0);
    }
}

void PahoWorker::do_disconnect(const Handle& handle, bool forget) {
    PahoProperties properties;
    MQTTAsync_disconnectOptions options = MQTTAsync_disconnectOptions_initializer;
    if (handle.mqtt5) {
        options = MQTTAsync_disconnectOptions_initializer5;
        if (forget && settings_.session_expiry_s != 0) {
            properties.add_integer4(MQTTPROPERTY_CODE_SESSION_EXPIRY_INTERVAL, 0);
            options.properties = properties.properties;  // Paho copies
        }
        options.onSuccess5 = &PahoCallbacks::on_disconnected5;
        options.onFailure5 = &PahoCallbacks::on_disconnect_failed5;
    } else {
        options.onSuccess = &PahoCallbacks::on_disconnected3;
        options.onFailure = &PahoCallbacks::on_disconnect_failed3;
    }
    options.timeout = 0;  // Paho looks at a longer one only every three seconds
    options.context = const_cast<Handle*>(&handle);
    if (handle.paho == nullptr || MQTTAsync_disconnect(handle.paho, &options) != MQTTASYNC_SUCCESS) {
        PahoCallbacks::simple(const_cast<Handle*>(&handle), PahoEvent::Kind::disconnected);
    }
}

void PahoWorker::do_end() {
    for (Handle& handle : handles_) {
        if (handle.paho != nullptr) {
            MQTTAsync_destroy(&handle.paho);
            handle.paho = nullptr;
        }
    }
    PahoEvent event;
    event.kind = PahoEvent::Kind::ended;
    push(std::move(event));
}

void PahoWorker::add_tls_text(const char* text, std::size_t size) {
    const std::lock_guard lock(tls_text_mutex_);
    tls_text_.append(text, std::min(size, kTlsTextMax - std::min(kTlsTextMax, tls_text_.size())));
}

std::string PahoWorker::take_tls_text() {
    const std::lock_guard lock(tls_text_mutex_);
    return std::exchange(tls_text_, {});
}

}  // namespace mqttsn::gateway
