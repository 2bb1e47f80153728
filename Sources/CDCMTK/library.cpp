// Process-wide preparation of DCMTK.

#include "status.hpp"

#include <dcmtk/config/osconfig.h>

#include <dcmtk/dcmdata/dcdict.h>
#include <dcmtk/dcmdata/dcrledrg.h>
#include <dcmtk/dcmjpeg/djdecode.h>
#include <dcmtk/dcmnet/dul.h>
#include <dcmtk/oflog/appender.h>
#include <dcmtk/oflog/logger.h>
#include <dcmtk/oflog/oflog.h>
#include <dcmtk/oflog/spi/logevent.h>

#include <malloc.h>
#include <sys/resource.h>

#include <csignal>
#include <cstdlib>
#include <mutex>

namespace {

/// Hands dcmnet's lines to a C function.
///
/// The other modules' lines are dropped: dcmdata and dcmimgle quote attribute values, which may be a patient's.
class CallbackAppender : public dcmtk::log4cplus::Appender {
public:
  CallbackAppender(rk_log_function function, void *context) : function_(function), context_(context) {}
  ~CallbackAppender() override { destructorImpl(); }
  void close() override {}

protected:
  void append(const dcmtk::log4cplus::spi::InternalLoggingEvent &event) override {
    if (event.getLoggerName() != "dcmtk.dcmnet") return;
    const int level = event.getLogLevel() / 10000;  // log4cplus: trace 0, debug 10000 … error 40000, fatal 50000
    function_(context_, level > 4 ? 4 : level, event.getMessage().c_str());
  }

private:
  rk_log_function function_;
  void *context_;
};

void redirect_log(rk_log_function function, void *context) {
  using namespace dcmtk::log4cplus;
  OFLog::configure(OFLogger::WARN_LOG_LEVEL);
  Logger root = Logger::getRoot();
  root.removeAllAppenders();
  if (function == nullptr) {
    OFLog::configure(OFLogger::OFF_LOG_LEVEL);
    return;
  }
  SharedAppenderPtr appender(new CallbackAppender(function, context));
  root.addAppender(appender);
}

/// Hundreds of threads must not mean hundreds of malloc arenas, nor freed buffers that stay resident: two arenas, what is
/// 4 MiB or larger is mapped and goes back to the system when freed, and so does a free end of 16 MiB. The pieces of
/// up to 1 MiB in which objects are sent stay below: mapping and unmapping each of them cost as much as sending it.
/// Setting them also stops glibc from moving the threshold up by itself.
void tame_malloc() {
  mallopt(M_ARENA_MAX, 2);
  mallopt(M_MMAP_THRESHOLD, 4 << 20);
  mallopt(M_TRIM_THRESHOLD, 16 << 20);
}

/// Each association holds one descriptor or two: the soft limit of 1024 that most systems hand out is too few.
void raise_descriptor_limit() {
  rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  const rlim_t wanted = limit.rlim_max < 65536 ? limit.rlim_max : 65536;
  if (limit.rlim_cur >= wanted) return;
  limit.rlim_cur = wanted;
  setrlimit(RLIMIT_NOFILE, &limit);
}

rk_status prepare(rk_log_function log, void *context) {
  tame_malloc();
  raise_descriptor_limit();
  signal(SIGPIPE, SIG_IGN);
  // DCMTK looks at this variable for every socket, as server and as client. Without it a sender that writes a PDU in
  // two pieces waits 40 ms for a delayed acknowledgement (DESIGN §4).
  setenv("TCP_NODELAY", "1", 1);
  redirect_log(log, context);
  dcmDisableGethostbyaddr.set(OFTrue);            // a peer without DNS must not cost seconds
  dcmAssociatePDUSizeLimit.set(256 << 10);        // also checked before DCMTK sees a request
  dcmConnectionTimeout.set(10);
  DcmRLEDecoderRegistration::registerCodecs();
  DJDecoderRegistration::registerCodecs();
  if (!dcmDataDict.isDictionaryLoaded()) return rk::failed(RK_FAILED, "DCMTK's data dictionary could not be loaded");
  return rk::ok();
}

}  // namespace

rk_status rk_initialize(rk_log_function log, void *context) {
  static std::once_flag once;
  static rk_status result;
  std::call_once(once, [&] { result = rk::guarded("initialize DCMTK", [&] { return prepare(log, context); }); });
  return result;
}
