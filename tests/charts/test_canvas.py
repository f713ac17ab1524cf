"""Any figure as lean SVG: what an analyst draws, in the theme."""

from __future__ import annotations

import warnings

import matplotlib as mpl
import matplotlib.pyplot as plt
from matplotlib.figure import Figure

from kpilib.charts import figure_svg
from kpilib.theme import Theme


def draw():
    with Theme().applied():
        figure = Figure(figsize=(3, 2))
        axes = figure.add_subplot()
        axes.plot([1, 2, 3], [3, 1, 2])
        axes.set_title("Größe in $ und $ 한국어")
        return figure_svg(figure)


def test_a_figure_of_the_analysts_own_is_kept_as_drawn():
    svg = draw()
    assert svg.startswith("<svg ")
    assert svg.endswith("</svg>\n")
    assert 'width="216pt" height="144pt"' in svg
    assert "Größe in $ und $ 한국어</text>" in svg
    assert svg == draw()


def test_ids_that_are_used_are_kept():
    svg = draw()
    assert 'clip-path="url(#' in svg
    assert '<clipPath id="' in svg
    assert 'id="figure_1"' not in svg


def test_an_unknown_sign_is_no_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with Theme().applied():
            figure = Figure(figsize=(1, 1))
            figure.text(0.5, 0.5, "𓀀")
            assert "𓀀" in figure_svg(figure)


def test_a_canvas_restores_the_parameters_after_an_error(look):
    before = dict(mpl.rcParams)
    try:
        with look.canvas("half", 10):
            assert mpl.rcParams["svg.hashsalt"] == "kpilib"
            raise ZeroDivisionError
    except ZeroDivisionError:
        pass
    assert dict(mpl.rcParams) == before


def test_panels_know_where_values_lie_in_points(look):
    with look.canvas("half", 100) as canvas:
        panel = canvas.panel(left=20, bottom=10, right=canvas.right - 120, top=40)
        panel.scale(x=(0, 50), y=(0, 5))
        assert (panel.width, panel.height, panel.right, panel.top) == (100, 50, 120, 60)
        assert round(panel.x(25), 6) == 70
        assert round(panel.y(5), 6) == 60
        panel.scale(x=(3, 3))
        assert panel.axes.get_xlim() == (3, 4)


def test_no_label_of_a_pyplot_figure_is_cut_off() -> None:
    with Theme().applied():
        figure, axes = plt.subplots()
        axes.barh(["A product with a name of some length, of which there are several"], [1])
        figure_svg(figure)
        (label,) = axes.get_yticklabels()
        left = label.get_window_extent().x0
        plt.close(figure)
    assert left >= 0
