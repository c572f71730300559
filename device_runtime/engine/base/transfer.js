// wx.downloadFile and wx.uploadFile: the host moves the bytes and tells how far it is.

function transferApi(name) {
  return (options) =>
    answer(name, options, (given, done) => {
      const values = argumentsOf(given);
      const control = {};
      const fire = makeEvents(control, name, ['ProgressUpdate', 'HeadersReceived']);
      let running = true;
      const task = openTask(name, (event, detail) => {
        if (running) fire(event === 'headers' ? 'HeadersReceived' : 'ProgressUpdate', detail);
      });
      const end = (reason, result) => {
        closeTask(task);
        if (running) done(reason, result);
        running = false;
      };
      putOwn(values, 'task', task);
      ask(name, values, end);
      control.abort = () => {
        if (!running) return;
        tell('transfer.abort', { task }, warn);
        end('abort', undefined);
      };
      return control;
    });
}

defineHostApi('downloadFile', 'downloadFile', transferApi('downloadFile'));
defineHostApi('uploadFile', 'uploadFile', transferApi('uploadFile'));
