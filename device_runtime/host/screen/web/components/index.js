// Which component draws which tag.

import { Host, Root, Text, View } from "./basic.js";
import { Button, Navigator } from "./button.js";
import { Canvas } from "./canvas.js";
import { Checkbox, CheckboxGroup, Radio, RadioGroup, Switch } from "./choice.js";
import { Form, Label } from "./form.js";
import { Icon } from "./icon.js";
import { Image } from "./image.js";
import { Input, TextArea } from "./input.js";
import { Audio, Video } from "./media.js";
import { MatchMedia, NavigationBar, PageMeta } from "./meta.js";
import { MovableArea, MovableView } from "./movable.js";
import { PickerView, PickerViewColumn } from "./picker-view.js";
import { Picker } from "./picker.js";
import { PLACEHOLDERS, Placeholder, WebView } from "./placeholder.js";
import { PageContainer, RootPortal } from "./portal.js";
import { Progress, Slider } from "./range.js";
import { RichText } from "./rich-text.js";
import { ScrollView } from "./scroll-view.js";
import { Swiper, SwiperItem } from "./swiper.js";

/** Containers of WeChat's other renderer: their content shows in a plain block. */
const SKYLINE = [
  "grid-view", "list-view", "list-builder", "grid-builder", "sticky-header", "sticky-section", "nested-scroll-header",
  "nested-scroll-body", "draggable-sheet", "open-container", "snapshot", "tap-gesture-handler", "double-tap-gesture-handler",
  "long-press-gesture-handler", "pan-gesture-handler", "scale-gesture-handler", "force-press-gesture-handler",
  "horizontal-drag-gesture-handler", "vertical-drag-gesture-handler", "keyboard-accessory",
];
const COMPONENTS = new Map(Object.entries({
  page: Root,
  view: View,
  "cover-view": View,
  text: Text,
  span: View,
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
  picker: Picker,
  "picker-view": PickerView,
  "picker-view-column": PickerViewColumn,
  "movable-area": MovableArea,
  "movable-view": MovableView,
  "rich-text": RichText,
  audio: Audio,
  video: Video,
  canvas: Canvas,
  "web-view": WebView,
  "root-portal": RootPortal,
  "page-container": PageContainer,
  "page-meta": PageMeta,
  "navigation-bar": NavigationBar,
  "match-media": MatchMedia,
  "share-element": View,
  ...Object.fromEntries(SKYLINE.map((tag) => [tag, View])),
  ...Object.fromEntries(PLACEHOLDERS.map((tag) => [tag, Placeholder])),
}));

/** The component for a node; a tag that is none of these is the host of a program's own component. */
export function createComponent(page, id, tag, events) {
  return new (COMPONENTS.get(tag) ?? Host)(page, id, tag, events);
}
