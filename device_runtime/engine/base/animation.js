// wx.createAnimation: steps of transforms and styles, exported as the attribute `animation` takes them:
// {actions: [{animates: [{type, args}], option: {transformOrigin, transition: {duration, timingFunction, delay}}}]}.

const TRANSFORMS = freeze({
  __proto__: null,
  matrix: 6, matrix3d: 16, rotate: 1, rotate3d: 4, rotateX: 1, rotateY: 1, rotateZ: 1,
  scale: 2, scale3d: 3, scaleX: 1, scaleY: 1, scaleZ: 1, skew: 2, skewX: 1, skewY: 1,
  translate: 2, translate3d: 3, translateX: 1, translateY: 1, translateZ: 1,
});
const STYLES = freeze({
  __proto__: null,
  opacity: 'opacity', backgroundColor: 'background-color', width: 'width', height: 'height', top: 'top', right: 'right',
  bottom: 'bottom', left: 'left',
});

function animationOption(options, defaults) {
  const given = isObject(options) ? options : {};
  const take = (key, value) => (given[key] === undefined ? value : given[key]);
  return {
    transformOrigin: take('transformOrigin', defaults.transformOrigin),
    transition: {
      duration: take('duration', defaults.transition.duration),
      timingFunction: take('timingFunction', defaults.transition.timingFunction),
      delay: take('delay', defaults.transition.delay),
    },
  };
}

function createAnimation(options) {
  const defaults = animationOption(options, {
    transformOrigin: '50% 50% 0',
    transition: { duration: 400, timingFunction: 'linear', delay: 0 },
  });
  let actions = [];
  let waiting = [];
  // What earlier steps have set stays set; a later value of the same kind takes its place.
  const standing = new NativeMap();
  const animation = {
    step(own) {
      for (let index = 0; index < waiting.length; index++) {
        const animate = waiting[index];
        mapSet(standing, animate.type === 'style' ? ('style.' + animate.args[0]) : animate.type, animate);
      }
      const animates = [];
      mapForEach(standing, (animate) => append(animates, { type: animate.type, args: copyPlain(animate.args) }));
      append(actions, { animates, option: animationOption(own, defaults) });
      waiting = [];
      return animation;
    },
    export() {
      const exported = { actions };
      actions = [];
      return exported;
    },
  };
  const transforms = objectKeys(TRANSFORMS);
  for (let index = 0; index < transforms.length; index++) {
    const type = transforms[index];
    animation[type] = (...values) => {
      const args = [];
      for (let place = 0; place < TRANSFORMS[type]; place++) {
        // scale(2) scales both ways; every other value that is left out is 0.
        const missing = type === 'scale' && place === 1 ? values[0] : 0;
        append(args, values[place] === undefined ? missing : values[place]);
      }
      append(waiting, { type, args });
      return animation;
    };
  }
  const styles = objectKeys(STYLES);
  for (let index = 0; index < styles.length; index++) {
    const name = styles[index];
    const lengths = name !== 'opacity' && name !== 'backgroundColor';
    animation[name] = (value) => {
      append(waiting, { type: 'style', args: [STYLES[name], lengths && typeof value === 'number' ? (value + 'px') : value] });
      return animation;
    };
  }
  return animation;
}

defineSync('createAnimation', createAnimation);
