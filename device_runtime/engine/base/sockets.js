// wx.connectSocket and its SocketTask, and the older calls about the socket that was opened last.

const SOCKET_EVENTS = ['Open', 'Message', 'Error', 'Close'];
let lastSocket;

function connectSocket(options) {
  const socket = { CONNECTING: 0, OPEN: 1, CLOSING: 2, CLOSED: 3, readyState: 0 };
  const fire = makeEvents(socket, 'a SocketTask', SOCKET_EVENTS);
  const happen = (name, payload) => {
    fire(name, payload);
    if (lastSocket === socket) hostEvent('Socket' + name, payload);
  };
  const task = openTask('socket', (event, detail) => {
    if (event === 'open') {
      socket.readyState = 1;
      happen('Open', detail);
    } else if (event === 'message') {
      const data = isView(detail.data) ? bufferOf(detail.data) : detail.data;
      happen('Message', { data });
    } else if (event === 'error') {
      happen('Error', detail);
    } else {
      socket.readyState = 3;
      closeTask(task);
      happen('Close', detail);
    }
  });
  // Unlike its kin, close and send are called without callbacks most often; then a failure goes to onError.
  const act = (name, given, values, allowed) => {
    const silent = !(readCallback(given, 'success') || readCallback(given, 'fail') || readCallback(given, 'complete'));
    answer(
      name,
      given,
      (_, done) => {
        const finish = (reason) => {
          if (silent && reason !== null) happen('Error', failure(name, reason));
          done(reason, undefined);
        };
        if (socket.readyState !== allowed && socket.readyState !== 1) finish('the socket is not open');
        else ask(name === 'closeSocket' ? 'socket.close' : 'socket.send', values(), finish);
      },
      true,
    );
  };
  socket.send = (given) => {
    const message = isObject(given) ? given : {};
    act('sendSocketMessage', message, () => putTask(task, argumentsOf(message)), 1);
  };
  socket.close = (given) => {
    const closing = isObject(given) ? given : {};
    act('closeSocket', closing, () => {
      socket.readyState = 2;
      return putTask(task, argumentsOf(closing));
    }, 0);
  };
  lastSocket = socket;
  answer(
    'connectSocket',
    options,
    (given, done) => {
      const refused = (reason) => {
        socket.readyState = 3;
        closeTask(task);
        done(reason, undefined);
        queueJob(() => happen('Error', failure('connectSocket', reason)));
      };
      let values;
      try {
        values = putTask(task, argumentsOf(given));
      } catch (error) {
        return refused('parameter error: ' + error.message);
      }
      ask('connectSocket', values, (reason) => (reason === null ? done(null, { socketTaskId: task }) : refused(reason)));
      return undefined;
    },
    true,
  );
  return socket;
}

function putTask(task, values) {
  putOwn(values, 'task', task);
  return values;
}

function lastSocketApi(name, method) {
  return (options) => {
    if (lastSocket !== undefined) return lastSocket[method](options);
    return answer(name, options, (given, done) => done('no socket was opened', undefined));
  };
}

defineHostApi('connectSocket', 'connectSocket', connectSocket);
defineHostApi('sendSocketMessage', 'connectSocket', lastSocketApi('sendSocketMessage', 'send'));
defineHostApi('closeSocket', 'connectSocket', lastSocketApi('closeSocket', 'close'));
