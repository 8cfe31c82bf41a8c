/* A map without tiles: outline and zones of a city, drawn from GeoJSON of this site. */
this.ckan.module("cityopen-map", function () {
  "use strict";

  function nameOf(feature) {
    var about = feature.properties || {};
    return String(about.zone || about.name || about.ime || about.NAZIV || about.municipality || "");
  }

  function label(feature, layer) {
    var text = document.createElement("span");
    text.textContent = nameOf(feature);
    if (text.textContent) {
      layer.bindTooltip(text, { direction: "top" });
    }
  }

  /* What the map shows, for those who do not see it. */
  function list(data, after) {
    var names = (data.features || []).map(nameOf).filter(Boolean);
    if (names.length) {
      var line = document.createElement("p");
      line.className = "co-meta";
      line.textContent = names.sort(new Intl.Collator(document.documentElement.lang).compare).join(", ");
      after.insertAdjacentElement("afterend", line);
    }
  }

  return {
    options: { url: "", outline: null },

    initialize: function () {
      var map = L.map(this.el[0], { attributionControl: false, scrollWheelZoom: false, zoomSnap: 0.25 });
      var style = getComputedStyle(document.documentElement);
      var ink = style.getPropertyValue("--co-accent").trim();
      var warm = style.getPropertyValue("--co-warm").trim();
      var draw = function (data) {
        var layer = L.geoJSON(data, {
          style: { color: ink, weight: 2, fillOpacity: 0.08 },
          pointToLayer: function (feature, at) {
            return L.circleMarker(at, { radius: 6, color: warm, weight: 2, fillOpacity: 0.5 });
          },
          onEachFeature: label
        }).addTo(map);
        map.fitBounds(layer.getBounds(), { padding: [16, 16] });
      };
      if (this.options.outline) {
        draw(this.options.outline);
      }
      if (this.options.url) {
        var place = this.el[0];
        fetch(this.options.url).then(function (answer) { return answer.json(); }).then(function (data) {
          draw(data);
          list(data, place);
        });
      }
    }
  };
});
