from cygnet import Page, call
from lib.board import beep, light, report
from lib.words import clock, duration

CHOICES = [1, 5, 10, 30, 60]
WARNING = 10


class Index(Page):
    data = {"on": False, "minutes": 10, "left": "", "lamp": True, "ending": False}

    def on_load(self, query):
        self.seconds = 0
        self.timer = 0
        minutes = call("storage.get", key="minutes")
        if minutes in CHOICES:
            self.set_data({"minutes": minutes})

    def on_unload(self):
        light(False)

    def on_switch(self, event):
        self.turn(not self.data["on"])

    def on_choose(self, event):
        minutes = CHOICES[(CHOICES.index(self.data["minutes"]) + 1) % len(CHOICES)]
        self.set_data({"minutes": minutes})
        call("storage.set", key="minutes", value=minutes)
        if self.data["on"]:
            self.start(minutes)

    def turn(self, on, minutes=0):
        self.set_data({"on": on, "lamp": light(on), "ending": False})
        self.cancel(self.timer)
        minutes = minutes or self.data["minutes"]
        report(on, minutes if on else 0)
        if on:
            self.start(minutes)
        else:
            self.set_data({"left": ""})

    def start(self, minutes):
        self.cancel(self.timer)
        self.seconds = minutes * 60
        self.timer = self.every(1, "tick")
        self.show()

    def tick(self):
        self.seconds -= 1
        if self.seconds <= 0:
            self.turn(False)
            return
        if self.seconds == WARNING:
            beep()
        self.show()

    def show(self):
        self.set_data({"left": clock(self.seconds), "ending": self.seconds <= WARNING})

    def on_intent(self, intent):
        name = intent["intent"]
        if name == "on":
            self.turn(True, int(intent["slots"].get("minutes") or 0))
        elif name == "off":
            self.turn(False)
        return self.answer()

    def answer(self):
        if not self.data["on"]:
            return "The lamp is off."
        return f"The lamp is on for {duration(self.seconds)}."
