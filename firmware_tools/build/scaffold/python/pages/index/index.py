from cygnet import Page, call


class Index(Page):
    data = {"count": 0}

    def on_load(self, query):
        self.set_data({"count": call("storage.get", key="count") or 0})

    def on_add(self, event):
        self.add(1)

    def add(self, amount):
        count = self.data["count"] + amount
        self.set_data({"count": count})
        call("storage.set", key="count", value=count)

    def on_intent(self, intent):
        if intent["intent"] == "add":
            self.add(int(intent["slots"].get("amount") or 1))
        return "The count is {}.".format(self.data["count"])
