from cygnet import Page, log
from lib.board import light
from lib.ears import deafen, listen

HEARS = "say on or off"
DEAF = "no ears here"


class Index(Page):
    data = {"on": False, "hint": "", "lamp": True}

    def on_load(self, query):
        self.session = 0

    def on_show(self):
        if not self.session:
            self.session, reason = listen()
            if reason:
                log("it hears nothing:", reason)
            self.set_data({"hint": DEAF if reason else HEARS})

    def on_hide(self):
        deafen(self.session)
        self.session = 0

    def on_unload(self):
        light(False)

    def on_inference(self, result):
        word = result["label"]
        if word in ("on", "off"):
            self.turn(word == "on")
            self.set_data({"hint": f"heard {word}, {round(result['probability'] * 100)} % sure"})

    def on_switch(self, event):
        self.turn(not self.data["on"])
        self.set_data({"hint": HEARS if self.session else DEAF})

    def on_intent(self, intent):
        self.turn(intent["slots"]["state"] == "on")
        return "The lamp is on." if self.data["on"] else "The lamp is off."

    def turn(self, on):
        self.set_data({"on": on, "lamp": light(on)})
