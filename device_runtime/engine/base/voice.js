// Voice: the page's onVoiceIntent, else the app's. What it returns is spoken.
function voiceIntent(id, intent) {
  const top = currentPage();
  const owner = top !== undefined && typeof top.root.instance.onVoiceIntent === 'function' ? top.root.instance : app;
  if (owner === undefined || typeof owner.onVoiceIntent !== 'function') {
    host('answer', id, null, 'the program has no onVoiceIntent');
    return;
  }
  const where = owner === app ? 'App' : top.root.plan.path;
  const say = (value) => host('answer', id, typeof value === 'string' ? bounded(toWellFormed(value)) : null, null);
  const failed = (error) => {
    reportError(error, 'onVoiceIntent of ' + where);
    host('answer', id, null, bounded(describe(error)));
  };
  let result;
  try {
    result = owner.onVoiceIntent(intent);
    if (isMadeBy(result, NativePromise)) {
      stateOf(result).handled = true;
      nativeThen(result, say, failed);
      return;
    }
  } catch (error) {
    failed(error);
    return;
  }
  say(result);
}
