/* Draws the chart in the browser once it comes into view; the drawing from the server stays where that fails. */
this.ckan.module("cityopen-chart", function () {
  "use strict";

  function load(address) {
    return new Promise(function (resolve, reject) {
      var script = document.createElement("script");
      script.src = address;
      script.onload = resolve;
      script.onerror = reject;
      document.head.appendChild(script);
    });
  }

  return {
    options: { spec: "", script: "", lang: "sl" },

    initialize: function () {
      if (!this.options.script || !("IntersectionObserver" in window)) {
        return;
      }
      var self = this;
      var seen = new IntersectionObserver(function (entries) {
        if (entries.some(function (entry) { return entry.isIntersecting; })) {
          seen.disconnect();
          self.draw();
        }
      }, { rootMargin: "200px" });
      seen.observe(this.el[0]);
    },

    draw: function () {
      var figure = this.el[0];
      var options = this.options;
      var image = figure.querySelector("img");
      var spec = fetch(options.spec).then(function (answer) { return answer.json(); });
      Promise.all([spec, load(options.script)]).then(function (ready) {
        var target = document.createElement("div");
        target.className = "co-chart-live";
        target.setAttribute("role", "img");
        target.setAttribute("aria-label", image.alt);
        figure.insertBefore(target, image);
        return window.vegaEmbed(target, ready[0].spec, {
          actions: false,
          ast: true,
          renderer: "svg",
          tooltip: true,
          formatLocale: ready[0].number_locale,
          timeFormatLocale: ready[0].time_locale || undefined
        }).then(function () { image.hidden = true; }, function () { target.remove(); });
      }).catch(function () { image.hidden = false; });
    }
  };
});
