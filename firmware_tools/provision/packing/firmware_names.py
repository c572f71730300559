"""Names that every MicroPython for boards holds in its own read-only table: to use one more costs no memory.

Any other name takes a place in a table in memory, and its letters, for as long as the board runs. These were asked one
by one (``micropython.qstr_info()`` before and after) of the unix port 1.29-preview and of the stock firmware 1.27 of
the Raspberry Pi Pico W, and stand in the stock firmware for ESP32, ESP32-C3 and ESP32-S3 (1.24.1, 1.27). On a board
that lacks some of them they cost what other names do. Left out are Python's built-in names, what ``Exception`` and
streams have, and names of one letter.
"""

FIRMWARE_NAMES = tuple(
    """
dt gc sz tb EIO GET GS8 PTR doc erf exc idx off ps1 ps2 ptr sep src ssl sub tau tls AUTO Done GZIP HEAD Host Lock Loop
POST Task UINT VOID ZLIB acos argv asin atan bind blit ceil copy coro deps dest dump erfc fabs fill fmod idle imag
load log2 mem8 mkfs modf peek poly post ptr8 real recv seed sgen sort stat stop tell urls usys ARRAY EBADF EPERM Event
MVLSB PATCH ULONG acosh asinh atan2 atanh chdir clear cmath crc32 deque drain dumps expm1 flags floor frexp group
heapq hline ipoll isinf isnan ldexp loads log10 mem16 mem32 mkdir patch phase polar ptr16 ptr32 rfind rmdir stdin
ticks trunc union vline BFINT8 BF_LEN BF_POS DELETE EACCES EAGAIN EEXIST EINVAL EISDIR ENODEV ENOENT ENOMEM FileIO
IOBase NATIVE POLLIN RGB565 RingIO Signal Stream UINT64 USHORT VfsFat _attrs _chunk _serve aclose cadata cafile cancel
center cipher decode delete digest enable extend getcwd getter gmtime hashes invert is_set latest lgamma little lstrip
mktime modify module ph_key poller remove rename rindex rsplit rstrip scroll search select sendto setter single sizeof
stderr stdout struct umount unlink waiter AF_INET BFINT16 BFINT32 BFUINT8 BytesIO ENOBUFS FLOAT32 FLOAT64 IOQueue
POLLERR POLLHUP POLLOUT VfsLfs2 _Remove _cached abs_tol acquire backlog chunked closure collect content deflate
degrees deleter disable discard ellipse encrypt fromhex hashlib heapify heappop indices isalpha isclose isdigit
islower isspace isupper keyfile maxsize message newline out_buf popitem popleft radians randint rel_tol release
request reverse sendall statvfs time_ns uctypes uniform urandom waiting AF_INET6 BFUINT16 BFUINT32 EALREADY ENOTCONN
GS2_HMSB GS4_HMSB LockType NoneType Response SOCK_RAW StringIO _asyncio _dequeue _enqueue _stopper binascii bytes_at
calcsize certfile copysign cur_task endswith exc_type execfile framebuf fromkeys heappush ilistdir isfinite issubset
kbd_intr keepends libc_ver makefile mem_free mem_info peername progsize readonly readsize recvfrom runq_len schedule
sleep_ms sleep_us ticks_ms ticks_us to_bytes wait_for CERT_NONE DeflateIO ETIMEDOUT MONO_HLSB MONO_HMSB MONO_VLSB
SSLSocket TaskQueue ULONGLONG _io_queue addressof awritestr buffering byteorder cert_reqs client_id cryptolib
dict_view errorcode fill_rect get_ident heap_lock isenabled localtime lookahead main_task mem_alloc opt_level
pack_into qstr_info randrange stack_use threshold ticks_add ticks_cpu unhexlify waitq_len websocket BIG_ENDIAN
EADDRINUSE ECONNRESET EOPNOTSUPP SOCK_DGRAM SOL_SOCKET SSLContext _stop_task a2b_base64 appendleft b2a_base64
from_bytes isdisjoint issuperset namedtuple pend_throw queue_read readblocks requesting rpartition separators
setdefault setsockopt settimeout short_hash soft_reset splitlines stack_size startswith ticks_diff unregister
EINPROGRESS FrameBuffer OrderedDict SOCK_STREAM _task_queue collections create_task get_ciphers getaddrinfo
getrandbits heap_unlock queue_write readexactly run_forever server_side set_ciphers setblocking status_code
unpack_from verify_mode wait_closed wait_for_ms wrap_socket writeblocks ECONNABORTED ECONNREFUSED EHOSTUNREACH
FrameBuffer1 SO_BROADCAST SO_REUSEADDR StreamReader StreamWriter _exc_context _exc_handler _rewrite_url bound_method
bytearray_at current_task do_handshake intersection start_server version_info Authorization CERT_OPTIONAL
CERT_REQUIRED LITTLE_ENDIAN TextIOWrapper _check_exists _install_json allocate_lock parse_headers stream_awrite
time_pulse_us wait_io_event CancelledError ThreadSafeFlag ViperTypeError _download_file get_event_loop get_extra_info
implementation new_event_loop MBEDTLS_VERSION load_cert_chain open_connection print_exception python_compiler
verify_callback _install_package _promote_to_task package_json_url start_new_thread IP_ADD_MEMBERSHIP
return_exceptions SingletonGenerator run_until_complete PROTOCOL_TLS_CLIENT PROTOCOL_TLS_SERVER _ensure_path_exists
intersection_update symmetric_difference get_exception_handler load_verify_locations set_exception_handler
call_exception_handler do_handshake_on_connect default_exception_handler
""".split()  # noqa: SIM905 - a list of this length is not for reading
)
