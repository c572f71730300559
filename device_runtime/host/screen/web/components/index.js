// Which component draws which tag.

import { Root, Text, Unknown, View } from "./basic.js";
import { Button, Navigator } from "./button.js";
import { Checkbox, CheckboxGroup, Radio, RadioGroup, Switch } from "./choice.js";
import { Form, Label } from "./form.js";
import { Icon } from "./icon.js";
import { Image } from "./image.js";
import { Input, TextArea } from "./input.js";
import { Progress, Slider } from "./range.js";
import { ScrollView } from "./scroll-view.js";
import { Swiper, SwiperItem } from "./swiper.js";

const COMPONENTS = new Map(Object.entries({
  page: Root,
  view: View,
  "cover-view": View,
  text: Text,
  image: Image,
  "cover-image": Image,
  button: Button,
  navigator: Navigator,
  input: Input,
  textarea: TextArea,
  switch: Switch,
  checkbox: Checkbox,
  "checkbox-group": CheckboxGroup,
  radio: Radio,
  "radio-group": RadioGroup,
  slider: Slider,
  progress: Progress,
  icon: Icon,
  "scroll-view": ScrollView,
  swiper: Swiper,
  "swiper-item": SwiperItem,
  form: Form,
  label: Label,
}));

/** The component for a node; unknown tags become plain blocks. */
export function createComponent(page, id, tag, events) {
  return new (COMPONENTS.get(tag) ?? Unknown)(page, id, tag, events);
}
